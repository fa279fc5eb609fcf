-- Predictions for wrk: real flights, drawn from the counts, instead of one constant body.
--
--   wrk -t1 -c32 -d10s --latency -s load-tests/wrk/predict.lua http://127.0.0.1:8001/v1/predict
--   wrk -t1 -c4 -d10s -s load-tests/wrk/predict.lua URL -- batches.jsonl "x-api-key: KEY" out=run.json
--
-- After `--`, in any order: the file of bodies (default: flights.jsonl beside this script), headers `name: value`, and
-- `out=FILE` (or WRK_OUT in the environment) for a file that holds everything.
-- A line of the bodies is a body, sent to the URL's path, or `/path<TAB>body`.
-- Make other files with `python -m load_tests bodies`.
--
-- The last line printed is JSON: requests, duration, errors, answers by status, latency in microseconds as wrk tells it.
-- The file holds the same and
--   started     seconds since 1970
--   by_second   answers by status in each second from there
--   latency     [[microseconds, requests], ...]: every latency there was. wrk adds latencies that nobody measured for
--               those that a slow answer kept from being asked (stats_correct in its stats.c); they are in here too.
-- wrk knows no latency by time: for percentiles over time ask beside it with `python -m load_tests rate`.

local ffi = require("ffi") -- wrk's Lua is LuaJIT
ffi.cdef([[
  typedef struct { long seconds; long microseconds; } puerta_time;
  int gettimeofday(puerta_time *now, void *zone);
  typedef struct { uint64_t count, limit, min, max, data[]; } puerta_stats; // stats.h of wrk 4
]])

local requests = {}
local turn = 0
local threads = {}
local clock = ffi.new("puerta_time")

-- Global, because `done` reads them from each thread's own Lua state.
answers = {} -- by 1000 * second + status: wrk cannot hand over a table in a table
started = 0
out = nil

function setup(thread)
  table.insert(threads, thread)
end

local function now()
  ffi.C.gettimeofday(clock, nil)
  return tonumber(clock.seconds) + tonumber(clock.microseconds) / 1e6
end

local function default_file()
  local script = debug.getinfo(1, "S").source:match("^@(.*)$") or ""
  return (script:match("^(.*/)") or "") .. "flights.jsonl"
end

local function read(path, headers)
  local file, reason = io.open(path, "r")
  if not file then
    error("predict.lua: cannot read the bodies: " .. reason)
  end
  for line in file:lines() do
    local route, body = line:match("^(/%S*)\t(.*)$")
    if line ~= "" then
      table.insert(requests, wrk.format("POST", route, headers, body or line))
    end
  end
  file:close()
  if #requests == 0 then
    error("predict.lua: " .. path .. " holds no body, expected one in each line")
  end
end

function init(args)
  local headers = { ["content-type"] = "application/json" }
  for name, value in pairs(wrk.headers) do
    headers[name] = value -- wrk's own -H
  end
  local path
  out = os.getenv("WRK_OUT")
  for _, argument in ipairs(args) do
    local name, value = argument:match("^([%w-]+):%s*(.*)$")
    if name then
      headers[name:lower()] = value
    elseif argument:match("^out=") then
      out = argument:sub(5)
    elseif path then
      error("predict.lua: " .. argument .. ' is no header, expected "name: value", and the bodies are ' .. path)
    else
      path = argument
    end
  end
  read(path or default_file(), headers)
  started = now()
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function response(status)
  local key = 1000 * math.max(0, math.floor(now() - started)) + status
  answers[key] = (answers[key] or 0) + 1
end

local function json_counts(counts)
  local parts = {}
  for status, count in pairs(counts) do
    table.insert(parts, string.format('"%d":%d', status, count))
  end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

-- Every latency as [microseconds, requests]. wrk's own latency(i) walks from the start each time, which takes minutes
-- after a stall; so the counts are read where they are, once what is there is seen to be what wrk says of it.
local function json_latency(latency)
  local stats = ffi.cast("puerta_stats **", latency)[0]
  if stats.count == 0 then
    return "[]"
  end
  if stats.min ~= latency.min or stats.max ~= latency.max or stats.limit <= stats.max then
    error("predict.lua: this wrk keeps its latencies in another way than wrk 4")
  end
  local parts = {}
  for value = latency.min, latency.max do
    local count = tonumber(stats.data[value])
    if count > 0 then
      table.insert(parts, string.format("[%d,%d]", value, count))
    end
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

function done(summary, latency)
  local totals, by_second = {}, {}
  for _, thread in ipairs(threads) do
    for key, count in pairs(thread:get("answers")) do
      local second, status = math.floor(key / 1000) + 1, key % 1000
      for number = #by_second + 1, second do
        by_second[number] = {}
      end
      totals[status] = (totals[status] or 0) + count
      by_second[second][status] = (by_second[second][status] or 0) + count
    end
  end
  local errors = summary.errors
  local said = string.format(
    '{"requests":%d,"duration_us":%d,"bytes":%d,'
      .. '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d},"statuses":%s,'
      .. '"latency_us":{"mean":%.1f,"p50":%d,"p75":%d,"p90":%d,"p99":%d,"p99_9":%d,"max":%d}',
    summary.requests, summary.duration, summary.bytes,
    errors.connect, errors.read, errors.write, errors.timeout, json_counts(totals),
    latency.mean, latency:percentile(50), latency:percentile(75), latency:percentile(90),
    latency:percentile(99), latency:percentile(99.9), latency.max
  )
  local path = threads[1]:get("out")
  if path then
    local each = {}
    for second, counts in ipairs(by_second) do
      each[second] = json_counts(counts)
    end
    local file = assert(io.open(path, "w"))
    file:write(said, string.format(',"started":%.6f,"by_second":[', threads[1]:get("started")), table.concat(each, ","), "]")
    file:write(',"latency":', json_latency(latency), "}\n")
    file:close()
  end
  io.write(said, "}\n")
end
