local t = {} local p = setmetatable({}, {__newindex = t}) p[60000000] = 1
