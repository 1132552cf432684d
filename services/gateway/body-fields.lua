-- The transcoder drops fields that the contract does not have, takes the last of two with one name, and ignores a field that the path
-- sets as well. Here such requests are refused. TYPES stands above, made from the contract: of each message its fields, by both
-- names that JSON may use, or what its values are where it has any names (`values`).

local QUOTE, BACKSLASH = '"', 92

-- As deep as the transcoder reads.
local DEEPEST = 100

-- Many times what a request of the contract has. Megabytes of empty brackets would hold the gateway for seconds.
local MOST_VALUES = 20000

-- The status that tells failures.ts the reason; the caller gets 400 in any case.
local REJECTED, UNKNOWN = "400", "422"

local LONGEST_NAME = 60

local function fail(status, message)
  error({ status = status, message = message })
end

local function refuse_json()
  fail(REJECTED, "the body is not JSON: names and texts stand in double quotes, and nothing follows the last bracket")
end

-- A name as the caller wrote it, cut between two characters where it is long.
local function shown(name)
  if #name <= LONGEST_NAME then return QUOTE .. name .. QUOTE end
  local last = LONGEST_NAME
  while name:find("^[\128-\191]", last + 1) do last = last - 1 end
  return QUOTE .. name:sub(1, last) .. "…" .. QUOTE
end

-- Reads a body as the message `type`, of which the path sets the fields `of_path`. Throws what is wrong with it.
local function check(json, type, of_path)
  local value
  local values = 0

  -- Where the next token begins.
  local function skip(at)
    return json:find("[^ \t\r\n]", at) or #json + 1
  end

  -- The end of the string that begins at `at`: a quote behind an even number of backslashes. It looks for quotes only, so that a long
  -- text costs one search.
  local function string_end(at)
    local quote = at
    while true do
      quote = json:find(QUOTE, quote + 1, true) or refuse_json()
      local before = quote - 1
      while json:byte(before) == BACKSLASH do before = before - 1 end
      if (quote - before) % 2 == 1 then return quote end
    end
  end

  -- What is between two brackets: `item` reads one and answers with where it ends.
  local function list(at, close, item)
    at = skip(at + 1)
    if json:sub(at, at) == close then return at + 1 end
    while true do
      at = skip(item(at))
      local token = json:sub(at, at)
      if token == close then return at + 1 end
      if token ~= "," then refuse_json() end
      at = skip(at + 1)
    end
  end

  local function object(at, type, path, depth)
    local known = TYPES[type] or {}
    local seen = {}
    return list(at, "}", function(from)
      if json:sub(from, from) ~= QUOTE then refuse_json() end
      local last = string_end(from)
      local name = json:sub(from + 1, last - 1)
      -- A name with escapes is none of a field: those need none.
      local field = known.fields and known.fields[name]
      if known.fields and not field then
        local where = path == "" and "" or " in " .. path:sub(2)
        fail(UNKNOWN, "unknown field " .. shown(name) .. where .. ": send the request again without it, or with its right name")
      end
      local key = field and field.key or name
      if depth == 1 and of_path[key] then
        fail(REJECTED, name .. " is set by the path: send the request again without it in the body")
      end
      if seen[key] then
        fail(REJECTED, shown(name) .. " is in the body twice: send the request again with it once")
      end
      seen[key] = true
      local colon = skip(last + 1)
      if json:sub(colon, colon) ~= ":" then refuse_json() end
      return value(skip(colon + 1), field and field.of or known.values, field and path .. field.dot or path, depth + 1)
    end)
  end

  value = function(at, type, path, depth)
    values = values + 1
    if values > MOST_VALUES then fail(REJECTED, "the body has more than " .. MOST_VALUES .. " values: send less at once") end
    if depth > DEEPEST then fail(REJECTED, "the body is nested deeper than " .. DEEPEST .. " levels") end
    local token = json:sub(at, at)
    if token == QUOTE then return string_end(at) + 1 end
    if token == "{" then return object(at, type, path, depth) end
    if token == "[" then
      return list(at, "]", function(from) return value(from, type, path, depth + 1) end)
    end
    local _, last = json:find("^[%w.+-]+", at)
    return (last or refuse_json()) + 1
  end

  if skip(value(skip(1), type, "", 1)) <= #json then refuse_json() end
end

-- A number in a path has one spelling, or one resource would have many names, for caches as well. `pattern` finds it.
local function check_path(path, pattern, name)
  local text = path:match("^[^?]*"):match(pattern)
  if not text or text == "0" or text:find("^-?[1-9]%d*$") then return end
  fail(REJECTED, name .. " in the path must be a whole number in digits, without leading zeros: correct the path")
end

local function check_request(path, json, context)
  if context.number then check_path(path, context.number, context.number_name) end
  if not json then return end
  local of_path = {}
  for _, name in ipairs(context.of_path) do of_path[name] = true end
  check(json, context.type, of_path)
end

function envoy_on_request(handle)
  local filter, headers = handle:filterContext(), handle:headers()
  local context = {}
  for _, name in ipairs({ "type", "of_path", "number", "number_name" }) do context[name] = filter:get(name) end
  -- What calls by gRPC is none of the transcoder's.
  local kind = headers:get("content-type") or ""
  if not next(context) or kind:find("^application/grpc") then return end
  -- The headers are out of reach after the body.
  local path = headers:get(":path")
  local body = context.type and handle:body()
  local json = body and body:length() > 0 and body:getBytes(0, body:length())
  local is_good, problem = pcall(check_request, path, json, context)
  if is_good then return end
  if type(problem) ~= "table" then error(problem) end
  handle:respond({ [":status"] = problem.status }, problem.message)
end
