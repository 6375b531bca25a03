local t = {} while true do t[1] = {} t[1][60000000] = 1 end
