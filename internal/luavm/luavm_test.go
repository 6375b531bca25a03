package luavm

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
	kjson "sigs.k8s.io/json"
)

// now is what scripts of tests are told the time is.
func now() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("x", 3600)) }

// decode decodes as Kubernetes does: integers are int64.
func decode(t testing.TB, b []byte) any {
	t.Helper()
	var out any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(b, &out); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return out
}

// TestScripts: each testdata/*.txtar is cases: a script NAME.lua, what it returns as
// NAME.json or the error that it ends with as NAME.error. A file obj.json is the
// global obj of all of them. A name with "open" in it has the open libraries.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		wants, object := map[string]string{}, any(nil)
		for _, f := range ar.Files {
			wants[f.Name] = strings.TrimSpace(string(f.Data))
			if f.Name == "obj.json" {
				object = decode(t, f.Data)
			}
		}
		for _, f := range ar.Files {
			name, isScript := strings.CutSuffix(f.Name, ".lua")
			if !isScript {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+name, func(t *testing.T) {
				got, failed := "", ""
				result, err := run1(t, string(f.Data), Options{
					Globals: map[string]any{"obj": object}, OpenLibs: strings.Contains(name, "open"), Now: now,
				})
				if err != nil {
					failed = err.Error()
				} else {
					b, err := json.Marshal(result)
					if err != nil {
						t.Fatal(err)
					}
					got = string(b)
				}
				if diff := cmp.Diff(wants[name+".json"], got); diff != "" {
					t.Errorf("%s(-want +got):\n%s (error: %s)", ar.Comment, diff, failed)
				}
				if diff := cmp.Diff(wants[name+".error"], failed); diff != "" {
					t.Errorf("%serror (-want +got):\n%s", ar.Comment, diff)
				}
			})
		}
	}
}

// run1 runs a script in a new interpreter and, twice, in one of a pool: there is no
// difference.
func run1(t testing.TB, source string, o Options) (any, error) {
	t.Helper()
	s, err := Compile(source)
	if err != nil {
		return nil, err
	}
	result, err := s.Run(context.Background(), o)
	o.Pool = &Pool{}
	for range 2 {
		again, errAgain := s.Run(context.Background(), o)
		if diff := cmp.Diff(result, again); diff != "" {
			t.Errorf("another result in a pool:\n%s", diff)
		}
		if err == nil != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Errorf("another error in a pool: %v, was %v", errAgain, err)
		}
	}
	return result, err
}

// TestRoundTrip: what goes in comes out, but for empty maps, which become lists, and
// nulls, which are gone.
func TestRoundTrip(t *testing.T) {
	script, err := Compile("return obj")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		value := anyJSON(4).Draw(t, "value")
		got, err := script.Run(context.Background(), Options{Globals: map[string]any{"obj": value}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(value, got); diff != "" {
			t.Errorf("(-in +out):\n%s", diff)
		}
	})
}

func anyJSON(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int64Range(-1<<53, 1<<53).AsAny(), rapid.Just(0.5).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	inner := anyJSON(depth - 1)
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(inner, 0, 4).AsAny(),
		rapid.MapOfN(rapid.StringMatching(`[a-z./]{1,6}`), inner, 1, 4).AsAny(),
	)...)
}

// TestGlobalsAreKept: a script changes its copy of an object only.
func TestGlobalsAreKept(t *testing.T) {
	in := map[string]any{"list": []any{int64(1)}, "map": map[string]any{"a": "b"}}
	_, err := run1(t, `obj.list[1] = 2; obj.map.a = nil; obj.new = {}; string = nil; return obj`, Options{Globals: map[string]any{"obj": in}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"list": []any{int64(1)}, "map": map[string]any{"a": "b"}}, in); diff != "" {
		t.Errorf("the argument was changed:\n%s", diff)
	}
}

// TestPoolKeepsScriptsApart: nothing of what one script does shows to the next one.
func TestPoolKeepsScriptsApart(t *testing.T) {
	probe, err := Compile(`local names = {}
for _, t in ipairs({_G, string, table, math, os}) do for k in pairs(t) do names[#names + 1] = k end end
return {x = x, upper = ("a"):upper(), insert = type(table.insert), meta = type(getmetatable("").__concat), names = #names, abc = ("a").b, n = math.random(1000), g = _G.x}`)
	if err != nil {
		t.Fatal(err)
	}
	want, err := probe.Run(context.Background(), Options{OpenLibs: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{
		`x = 1`, `_G.x = 1`, `string.upper = nil`, `string.upper = function() return "no" end`, `string.b = 1`, `table.insert = 1`, `table = nil`,
		`setmetatable("", {__index = {b = 1}})`, `setmetatable(string, {__index = function() return 1 end})`, `getmetatable("").__concat = print`,
		`getmetatable("").__index = {upper = string.lower}`, `rawset(string, "upper", nil)`, `math.randomseed(7) math.random()`,
		`getmetatable(_G).__index.x = 1`, `error("x")`, `setmetatable(_G, {__index = function() return 1 end})`, `local function f() return 1 + f() end f()`,
		`for k in pairs(string) do string[k] = nil end`, `require("string").upper = nil`, `os.time = nil`,
	} {
		t.Run(source, func(t *testing.T) {
			s, err := Compile(source)
			if err != nil {
				t.Fatal(err)
			}
			pool := &Pool{}
			for range 3 {
				_, _ = s.Run(context.Background(), Options{OpenLibs: true, Pool: pool}) // some of them fail
				got, err := probe.Run(context.Background(), Options{OpenLibs: true, Pool: pool})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the next script sees it (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestBombs: whatever a script of testdata/bombs does, it ends soon and with an error,
// and does not take more memory than its limit lets expect.
func TestBombs(t *testing.T) {
	files, err := filepath.Glob("testdata/bombs/*.lua")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d bombs: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".lua"), func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			peak := watchHeap(t, before.HeapAlloc)
			// Those that only the clock can stop are told apart by their names.
			slow := strings.HasPrefix(filepath.Base(file), "slow-")
			limits := Limits{Time: time.Minute}
			if slow {
				limits = Limits{}
			}
			script, err := Compile(string(source))
			if err != nil {
				t.Fatal(err)
			}
			result, err := script.Run(context.Background(), Options{OpenLibs: true, Now: now, Limits: limits})
			took, most := time.Since(begun), peak()
			runtime.ReadMemStats(&after)
			t.Logf("%v in %v, %d MiB allocated, %d MiB at once", err, took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, most>>20)
			if err == nil {
				t.Fatalf("it ended well, with %.100v", result)
			}
			if clock := strings.Contains(err.Error(), "longer than"); clock != slow {
				t.Errorf("the clock has stopped it: %t", clock)
			}
			if most > 4*DefaultMemory {
				t.Errorf("it held %d MiB", most>>20)
			}
		})
	}
}

// watchHeap samples the heap until the result is called, which is the most that was
// seen above base.
func watchHeap(t *testing.T, base uint64) func() uint64 {
	stop := make(chan struct{})
	var most uint64
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if m.HeapAlloc > base {
					most = max(most, m.HeapAlloc-base)
				}
			}
		}
	})
	t.Helper()
	return func() uint64 { close(stop); done.Wait(); return most }
}

// TestLimits: each limit is one, and says which.
func TestLimits(t *testing.T) {
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	tests := map[string]struct {
		source string
		limits Limits
		ctx    context.Context
		want   string
	}{
		"steps":         {"for i = 1, 1000 do end", Limits{Steps: 100}, nil, "the script takes more than 100 steps"},
		"enough steps":  {"for i = 1, 10 do end", Limits{Steps: 100}, nil, ""},
		"memory":        {"local s = 'x' for i = 1, 10 do s = s .. s end return #s", Limits{Memory: 2048}, nil, "the script needs more than 2 KiB of memory"},
		"enough memory": {"local s = 'x' for i = 1, 10 do s = s .. s end return #s", Limits{Memory: 20480}, nil, ""},
		"depth":         {"local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end return f(20)", Limits{Depth: 10}, nil, "lua callstack overflow"},
		"time":          {"while true do end", Limits{Steps: 1 << 60, Memory: 1 << 60, Time: time.Millisecond}, nil, "the script takes longer than 1ms"},
		"context":       {"while true do end", Limits{}, stopped, "context canceled"},
		"caught":        {"while true do pcall(function() while true do end end) end", Limits{Steps: 1000}, nil, "the script takes more than 1000 steps"},
		"caught at the end": {
			"pcall(function() while true do end end) return 1",
			Limits{Steps: 1000},
			nil,
			"the script takes more than 1000 steps",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx := tt.ctx
			if ctx == nil {
				ctx = context.Background()
			}
			s, err := Compile(tt.source)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Run(ctx, Options{Limits: tt.limits})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSameEachTime: steps and memory are counted, so a script ends where it ended.
func TestSameEachTime(t *testing.T) {
	source := `local n = 0
for k, v in pairs(obj) do n = n + 1; last = k .. tostring({}) .. tostring(math.random(1000)) end
return {n, last}`
	s, err := Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	obj := map[string]any{}
	for c := 'a'; c <= 'z'; c++ {
		obj[string(c)] = int64(c)
	}
	var want any
	var wg sync.WaitGroup
	results := make([]any, 16)
	for i := range results {
		wg.Go(func() {
			results[i], _ = s.Run(context.Background(), Options{Globals: map[string]any{"obj": obj}, OpenLibs: true})
		})
	}
	wg.Wait()
	want = results[0]
	if want == nil {
		t.Fatal("no result")
	}
	for _, got := range results {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("two runs differ:\n%s", diff)
		}
	}
}

// FuzzScript: no text makes the compiler or the interpreter panic or run on.
func FuzzScript(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range ar.Files {
			if strings.HasSuffix(x.Name, ".lua") {
				f.Add(string(x.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		s, err := Compile(source)
		if err != nil {
			t.Skip()
		}
		_, err = s.Run(context.Background(), Options{
			Globals: map[string]any{"obj": map[string]any{"status": map[string]any{"phase": "x"}}}, OpenLibs: true, Now: now,
			Limits: Limits{Steps: 20000, Memory: 1 << 20},
		})
		if err != nil && strings.Contains(err.Error(), "in the interpreter") {
			t.Error(err)
		}
	})
}

const certificate = `
local hs = {}
if obj.status ~= nil then
  if obj.status.conditions ~= nil then
    for i, condition in ipairs(obj.status.conditions) do
      if condition.type == "Ready" and condition.status == "False" then
        hs.status = "Degraded"
        hs.message = condition.message
        return hs
      end
      if condition.type == "Ready" and condition.status == "True" then
        hs.status = "Healthy"
        hs.message = condition.message
        return hs
      end
    end
  end
end
hs.status = "Progressing"
hs.message = "Waiting for certificate"
return hs`

func BenchmarkRun(b *testing.B) {
	object := decode(b, []byte(`{"apiVersion":"cert-manager.io/v1","kind":"Certificate","metadata":{"name":"x","namespace":"y","uid":"u",
"labels":{"a":"b","c":"d"},"annotations":{"e":"f"}},"spec":{"secretName":"x","dnsNames":["a","b"],"issuerRef":{"name":"i","kind":"Issuer"}},
"status":{"notAfter":"2026","conditions":[{"type":"Issuing","status":"False","reason":"r","message":"m"},{"type":"Ready","status":"True","reason":"Ready","message":"Certificate is up to date"}]}}`))
	s, err := Compile(certificate)
	if err != nil {
		b.Fatal(err)
	}
	for name, o := range map[string]Options{
		"anew-closed": {}, "anew-open": {OpenLibs: true}, "pool-closed": {Pool: &Pool{}}, "pool-open": {Pool: &Pool{}, OpenLibs: true},
	} {
		o.Globals = map[string]any{"obj": object}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Run(context.Background(), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Compile(certificate); err != nil {
				b.Fatal(err)
			}
		}
	})
}
