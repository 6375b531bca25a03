local s, t = ("X"):rep(1e7), {} while true do t[#t + 1] = s:lower() end
