package lru

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestModel: the cache holds the longest run of what was used last that is not too
// heavy, and always the newest.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 10
		cache := New[int](limit, func(v int64) int64 { return v })
		values := map[int]int64{}
		var used []int // last first
		touch := func(k int) {
			used = slices.DeleteFunc(used, func(o int) bool { return o == k })
			used = append([]int{k}, used...)
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			k := rapid.IntRange(0, 5).Draw(t, "key")
			known := slices.Contains(used, k)
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				got, ok := cache.Get(k)
				if ok != known || ok && got != values[k] {
					t.Fatalf("get %d: %d, %v; wanted %d, %v", k, got, ok, values[k], known)
				}
				if ok {
					touch(k)
				}
			case 1:
				cache.Remove(k)
				used = slices.DeleteFunc(used, func(o int) bool { return o == k })
			case 2:
				v := rapid.Int64Range(1, 12).Draw(t, "weight")
				if !known {
					values[k] = v
				}
				if got := cache.GetOrAdd(k, v); got != values[k] {
					t.Fatalf("add %d: %d, wanted %d", k, got, values[k])
				}
				touch(k)
			case 3:
				cache.Clear()
				used = nil
			}
			for total := sum(used, values); total > limit && len(used) > 1; total = sum(used, values) {
				used = used[:len(used)-1]
			}
			if cache.order.Len() != len(used) || cache.total != sum(used, values) {
				t.Fatalf("%d values of %d, wanted %v of %d", cache.order.Len(), cache.total, used, sum(used, values))
			}
		}
	})
}

func sum(keys []int, values map[int]int64) (total int64) {
	for _, k := range keys {
		total += values[k]
	}
	return total
}

func TestWithoutWeight(t *testing.T) {
	cache := New[string, bool](1, nil)
	cache.Add("a", true)
	cache.Add("b", true)
	if _, ok := cache.Get("a"); ok {
		t.Error("two values are there, although one is allowed")
	}
}
