local t = {} while true do local a, b = 1, 2 t[#t + 1] = function() return a + b end end
