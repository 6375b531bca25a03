package lru

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever is done: what is remembered is what was added last and fits, and the key
// that was used last is among it.
func TestCache(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		c := New[int](limit, func(v int) int { return v })
		values := map[int]int{}
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			key := rapid.IntRange(0, 9).Draw(t, "key")
			switch rapid.SampledFrom([]string{"get", "add", "add", "remove", "clear"}).Draw(t, "do") {
			case "get":
				if got, ok := c.Get(key); ok && got != values[key] {
					t.Fatalf("%d is %d, want %d", key, got, values[key])
				}
			case "add":
				if _, ok := c.Get(key); !ok {
					values[key] = rapid.IntRange(1, 5).Draw(t, "weight")
				}
				c.Add(key, values[key])
				if _, ok := c.Get(key); !ok {
					t.Fatalf("%d is forgotten as soon as it is added", key)
				}
			case "remove":
				c.Remove(key)
				if _, ok := c.Get(key); ok {
					t.Fatalf("%d is remembered", key)
				}
			case "clear":
				c.Clear()
			}
			weight, n := 0, 0
			for key := range 10 {
				if e, ok := c.items[key]; ok {
					weight, n = weight+e.Value.(item[int, int]).value, n+1
				}
			}
			if weight != c.total || n != c.order.Len() || weight > limit && n > 1 {
				t.Fatalf("%d entries of weight %d; it says %d of %d", n, weight, c.order.Len(), c.total)
			}
		}
	})
}
