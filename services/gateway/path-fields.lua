-- The transcoder ignores a field of the body that the path sets as well, if it has its JSON name. Refuses such a request.

local QUOTE, BACKSLASH = '"', 92

-- Whether this JSON has a member of this name. Inside a string a quote is escaped, so what is found is a name, not a text.
local function has_member(json, name)
  local quoted, from = QUOTE .. name .. QUOTE, 1
  while true do
    local first, last = json:find(quoted, from, true)
    if not first then return false end
    if json:byte(first - 1) ~= BACKSLASH and json:find("^%s*:", last + 1) then return true end
    from = last
  end
end

function envoy_on_request(handle)
  local names = handle:filterContext():get("names")
  local body = names and handle:body()
  if not body then return end
  local json = body:getBytes(0, body:length())
  for _, name in ipairs(names) do
    if has_member(json, name) then
      handle:respond({ [":status"] = "400" }, name .. " is set by the path: send the request again without it in the body")
      return
    end
  end
end
