local s = ("%s"):rep(30) local x = "x" while true do x = s:format(x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x) end
