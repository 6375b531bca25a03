local t = {} while true do local x = {} x[65000] = 1 t[#t + 1] = x end
