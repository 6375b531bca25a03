local t = {} for i = 1, 1e5 do t["k" .. i] = i end while next(t) do t[next(t)] = nil end while true do next(t) end
