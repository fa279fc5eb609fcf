-- Finds out whose key a request carries and says so in x-gateway-client. The address rule behind this filter demands
-- that header, and it has been stripped from what the caller sent: if this script fails, nobody gets in.
--
-- KEYS, MODEL_SEGMENTS and REFUSALS come from the renderer, in front of this text.

local bit = require("bit")
local band, bnot, bor, bxor = bit.band, bit.bnot, bit.bor, bit.bxor
local lshift, rshift, ror, tobit = bit.lshift, bit.rshift, bit.ror, bit.tobit
local byte, char, rep = string.byte, string.char, string.rep
local time = os.time

local LONGEST = 128 -- characters; no key is longer, and nobody shall have us hash a long text

-- FIPS 180-4, section 4.2.2
local K = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

-- From the environment, not from a file: who reads the files learns neither the pepper nor how to make a hash.
local PEPPER = os.getenv("PUERTA_GATEWAY_PEPPER")

-- The eight words of a text's SHA-256 (FIPS 180-4, section 6.2).
local function sha256(text)
  local bits = #text * 8
  text = text .. "\128" .. rep("\0", (55 - #text) % 64) .. "\0\0\0\0"
    .. char(band(rshift(bits, 24), 255), band(rshift(bits, 16), 255), band(rshift(bits, 8), 255), band(bits, 255))
  local hash = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  }
  local w = {}
  for block = 1, #text, 64 do
    for t = 1, 16 do
      local p, q, r, s = byte(text, block + 4 * t - 4, block + 4 * t - 1)
      w[t] = bor(lshift(p, 24), lshift(q, 16), lshift(r, 8), s)
    end
    for t = 17, 64 do
      local x, y = w[t - 15], w[t - 2]
      w[t] = tobit(
        w[t - 16] + bxor(ror(x, 7), ror(x, 18), rshift(x, 3)) + w[t - 7] + bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
      )
    end
    local a, b, c, d, e, f, g, h = unpack(hash)
    for t = 1, 64 do
      local choice = bxor(band(e, f), band(bnot(e), g))
      local majority = bxor(band(a, b), band(a, c), band(b, c))
      local t1 = tobit(h + bxor(ror(e, 6), ror(e, 11), ror(e, 25)) + choice + K[t] + w[t])
      local t2 = tobit(bxor(ror(a, 2), ror(a, 13), ror(a, 22)) + majority)
      a, b, c, d, e, f, g, h = tobit(t1 + t2), a, b, c, tobit(d + t1), e, f, g
    end
    for i, word in ipairs({ a, b, c, d, e, f, g, h }) do
      hash[i] = tobit(hash[i] + word)
    end
  end
  return hash
end

-- A text with every byte changed by a mask.
local function masked(text, mask)
  local bytes = {}
  for i = 1, #text do
    bytes[i] = char(bxor(byte(text, i), mask))
  end
  return table.concat(bytes)
end

local function as_bytes(words)
  local text = {}
  for i, word in ipairs(words) do
    text[i] = char(band(rshift(word, 24), 255), band(rshift(word, 16), 255), band(rshift(word, 8), 255), band(word, 255))
  end
  return table.concat(text)
end

-- The eight words of a text's HMAC-SHA-256 (RFC 2104).
local function hmac_sha256(secret, text)
  secret = #secret > 64 and as_bytes(sha256(secret)) or secret
  secret = secret .. rep("\0", 64 - #secret)
  return sha256(masked(secret, 0x5c) .. as_bytes(sha256(masked(secret, 0x36) .. text)))
end

local with_pepper = false -- whether any of the hashes needs it
for _, known in ipairs(KEYS) do
  local text = known.sha256 or known.hmac_sha256
  for i = 1, 8 do
    known[i] = tobit(tonumber(text:sub(8 * i - 7, 8 * i), 16))
  end
  with_pepper = with_pepper or known.hmac_sha256 ~= nil
end

-- The entry of KEYS that a key belongs to, or nil. Every entry is compared in full, whatever matches: how long it
-- takes says nothing of how near a guess came. Without the pepper that a hash needs this fails, and nobody gets in.
local function find(key)
  local plain, found = sha256(key), nil
  local mixed = with_pepper and hmac_sha256(PEPPER, key) or plain
  for _, known in ipairs(KEYS) do
    local presented, difference = known.sha256 and plain or mixed, 0
    for i = 1, 8 do
      difference = bor(difference, bxor(presented[i], known[i]))
    end
    if difference == 0 then
      found = known
    end
  end
  return found
end

-- Keys that were found, so that their hash is worked out once and not with every request. Only a right key gets in, so
-- there are never more than KEYS has; each worker has its own, and a reload starts with none.
local verified = {}

-- Where the client is known the access log is told whose key was refused. That header opens the next lock, so that
-- nothing that could fail may stand between it and the answer.
local function refuse(handle, refusal, client)
  local answer, message = { [":status"] = refusal.status }, refusal.message
  if client ~= nil then
    handle:headers():replace("x-gateway-client", client)
  end
  handle:respond(answer, message)
end

-- Whether a client may do this. The path is the one that the route was found for and that the backend will see: its
-- model is a whole segment, and has to be one of the names as they are written, not another spelling of it.
local function granted(known, handle, headers)
  if known.operations == nil and known.models == nil then
    return true
  end
  local operation = handle:streamInfo():routeName()
  if known.operations ~= nil and not known.operations[operation] then
    return false
  end
  local segment = known.models ~= nil and MODEL_SEGMENTS[operation]
  if not segment then
    return true
  end
  local place = 0
  for text in headers:get(":path"):match("^[^?#]*"):gmatch("/([^/]*)") do
    place = place + 1
    if place == segment then
      return known.models[text] == true
    end
  end
  return false
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local key = headers:get("x-api-key") -- two headers arrive as one text with a comma, which is no key
  if key == nil or key == "" then
    return refuse(handle, REFUSALS.no_key)
  end
  local known = verified[key]
  if known == nil then
    known = #key <= LONGEST and find(key) or nil
    if known == nil then
      return refuse(handle, REFUSALS.invalid_key)
    end
    verified[key] = known
  end
  if known.expires ~= nil and time() >= known.expires then
    return refuse(handle, REFUSALS.expired_key, known.client)
  end
  if not granted(known, handle, headers) then
    return refuse(handle, REFUSALS.not_granted, known.client)
  end
  headers:replace("x-gateway-client", known.client)
end
