local t = {} local f = {} f[50000000] = function() end
