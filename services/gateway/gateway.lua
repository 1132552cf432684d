-- What Envoy does not do by itself: the scheme of a token is `Bearer`, however it was written, and there is no other; an answer that
-- has not changed since the caller read it is 304; caches learn that answers differ by origin; of several rate limits the answer shows
-- the one that is closest to; one who is over it learns when to come again; an error that is none of a service's own gets the shape of
-- those; and the gateway's own errors keep their status over gRPC-Web.

local STATE = "promptforge"

local function tags_match(wanted, etag)
  if wanted == "*" then return true end
  local strong = etag:gsub("^W/", "")
  for tag in wanted:gmatch('"[^"]*"') do
    if tag == strong then return true end
  end
  return false
end

-- Every limiter adds the headers of its own bucket.
local function tell_tightest_limit(headers)
  local tightest = 0
  for i = 1, headers:getNumValues("x-ratelimit-remaining") - 1 do
    local left = tonumber(headers:getAtIndex("x-ratelimit-remaining", i))
    if left < tonumber(headers:getAtIndex("x-ratelimit-remaining", tightest)) then tightest = i end
  end
  for _, name in ipairs({ "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset" }) do
    local value = headers:getAtIndex(name, tightest)
    if value then headers:replace(name, value) end
  end
end

-- What the gRPC library of a service answers by itself has no details: when a deadline passes there a moment before it does
-- here, or when the service is an older one, without the method.
local REASONS = {
  ["4"] = "DEADLINE_EXCEEDED",
  ["8"] = "OVERLOADED",
  ["12"] = "METHOD_UNKNOWN",
  ["14"] = "DEPENDENCY_UNAVAILABLE",
}
local DETAILS = '"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"%s","domain":"promptforge",'
  .. '"metadata":{"request_id":"%s"}}]}'

local function add_details(handle, request_id)
  local body = handle:body()
  if not body then return end
  local text = body:getBytes(0, body:length())
  local bare, found = text:gsub('"details":%[%]}%s*$', "")
  if found == 0 then return end
  local reason = REASONS[bare:match('"code":(%d+)')] or "INTERNAL_ERROR"
  body:setBytes(bare .. DETAILS:format(reason, request_id))
end

-- HTTP compares schemes without regard to case, as the services do; the check of tokens here does not. What is none of this scheme
-- would pass that check as no token: it becomes one that is refused.
local function normalise_scheme(headers)
  local sent = headers:get("authorization")
  if not sent then return end
  local token = sent:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +([%w%-._~+/]+=*)$")
  headers:replace("authorization", "Bearer " .. (token or "invalid"))
end

function envoy_on_request(handle)
  local headers = handle:headers()
  normalise_scheme(headers)
  handle:streamInfo():dynamicMetadata():set(STATE, "request-id", headers:get("x-request-id"))
  local wanted = headers:get("if-none-match")
  if wanted and headers:get(":method") == "GET" then
    handle:streamInfo():dynamicMetadata():set(STATE, "if-none-match", wanted)
  end
end

-- What the gateway answers by itself to gRPC-Web.
local function restore_grpc_status(headers)
  local own = headers:get("x-pf-grpc-status")
  if not own then return end
  headers:replace("grpc-status", own)
  headers:remove("x-pf-grpc-status")
end

-- Whatever reads a body comes last: the headers are out of reach after that.
function envoy_on_response(handle)
  local headers = handle:headers()
  local status = headers:get(":status")
  headers:add("vary", "Origin")
  restore_grpc_status(headers)
  tell_tightest_limit(headers)
  local reset = headers:get("x-ratelimit-reset")
  local limited = status == "429" or headers:get("grpc-status") == "8"
  if reset and limited and not headers:get("retry-after") then
    headers:replace("retry-after", reset)
  end
  local state = handle:streamInfo():dynamicMetadata():get(STATE)
  if not state then return end
  local wanted, etag = state["if-none-match"], headers:get("etag")
  if wanted and etag and status == "200" and tags_match(wanted, etag) then
    headers:replace(":status", "304")
    headers:remove("content-type")
    headers:remove("content-length")
    local body = handle:body()
    if body then body:setBytes("") end
  elseif tonumber(status) >= 400 and headers:get("content-type") == "application/json" then
    add_details(handle, state["request-id"])
  end
end
