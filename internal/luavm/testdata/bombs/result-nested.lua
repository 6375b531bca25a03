local t = {} local top = t for i = 1, 1000 do t[1] = {} t = t[1] end return top
