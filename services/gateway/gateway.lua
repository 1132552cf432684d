-- Three things that Envoy does not do by itself:
-- what has not changed since the caller read it is 304; of several rate limits the caller is told the one that it is closest
-- to; and one who is over it learns when to come again.

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

function envoy_on_request(handle)
  local headers = handle:headers()
  local wanted = headers:get("if-none-match")
  if wanted and headers:get(":method") == "GET" then
    handle:streamInfo():dynamicMetadata():set(STATE, "if-none-match", wanted)
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local status = headers:get(":status")
  local state = handle:streamInfo():dynamicMetadata():get(STATE)
  local etag = headers:get("etag")
  if state and etag and status == "200" and tags_match(state["if-none-match"], etag) then
    headers:replace(":status", "304")
    headers:remove("content-type")
    headers:remove("content-length")
    local body = handle:body()
    if body then body:setBytes("") end
  end
  tell_tightest_limit(headers)
  local reset = headers:get("x-ratelimit-reset")
  local limited = status == "429" or headers:get("grpc-status") == "8"
  if reset and limited and not headers:get("retry-after") then
    headers:replace("retry-after", reset)
  end
end
