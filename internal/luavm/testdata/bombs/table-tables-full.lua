local t = {} while true do t[#t + 1] = {a = 1, b = 2, c = 3} end
