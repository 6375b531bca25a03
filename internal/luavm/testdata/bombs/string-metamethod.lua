local t = setmetatable({}, {__concat = function(a, b) return ("x"):rep(1e6) .. b end}) local s = "" while true do s = t .. s end
