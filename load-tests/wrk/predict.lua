-- Predictions for wrk: real flights, drawn from the counts, instead of one constant body.
--
--   wrk -t1 -c32 -d10s --latency -s load-tests/wrk/predict.lua http://127.0.0.1:8001/v1/predict
--   wrk -t1 -c4 -d10s -s load-tests/wrk/predict.lua URL -- batches.jsonl "x-api-key: KEY"
--
-- After `--`: the file of bodies (default: flights.jsonl beside this script), then any headers.
-- A line of the file is the body, sent to the URL's path, or `/path<TAB>body`.
-- Make other files with `python -m load_tests bodies`.
--
-- The last line printed is JSON: requests, duration, errors, answers by status, latency in microseconds.

local requests = {}
local turn = 0
local threads = {}

statuses = {} -- global, because `done` reads it from each thread's own Lua state

function setup(thread)
  table.insert(threads, thread)
end

local function default_file()
  local script = debug.getinfo(1, "S").source:match("^@(.*)$") or ""
  return (script:match("^(.*/)") or "") .. "flights.jsonl"
end

function init(args)
  local headers = { ["content-type"] = "application/json" }
  for name, value in pairs(wrk.headers) do
    headers[name] = value -- wrk's own -H
  end
  for i = 2, #args do
    local name, value = args[i]:match("^([^:]+):%s*(.*)$")
    if not name then
      error("predict.lua: " .. args[i] .. " is no header, expected \"name: value\"")
    end
    headers[name:lower()] = value
  end
  local path = args[1] or default_file()
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

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

function done(summary, latency)
  local totals = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      totals[status] = (totals[status] or 0) + count
    end
  end
  local by_status = {}
  for status, count in pairs(totals) do
    table.insert(by_status, string.format('"%d":%d', status, count))
  end
  table.sort(by_status)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"bytes":%d,'
      .. '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d},"statuses":{%s},'
      .. '"latency_us":{"mean":%.1f,"p50":%d,"p75":%d,"p90":%d,"p99":%d,"p99_9":%d,"max":%d}}\n',
    summary.requests, summary.duration, summary.bytes,
    errors.connect, errors.read, errors.write, errors.timeout, table.concat(by_status, ","),
    latency.mean, latency:percentile(50), latency:percentile(75), latency:percentile(90),
    latency:percentile(99), latency:percentile(99.9), latency.max
  ))
end
