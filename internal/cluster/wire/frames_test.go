package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// TestFrames: however a stream is cut into reads, and whatever white space there is, the
// events are those that were written, as bodies and as metadata alike.
func TestFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream bytes.Buffer
		var want []string
		for n := range rapid.IntRange(0, 5).Draw(t, "events") {
			object := map[string]any{"metadata": map[string]any{"name": "a\nb", "resourceVersion": fmt.Sprint(n), "annotations": map[string]string{"long": strings.Repeat("x", rapid.SampledFrom([]int{0, 10, 70_000}).Draw(t, "size"))}}}
			b, err := json.Marshal(map[string]any{"type": "MODIFIED", "object": object})
			if err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "pretty") {
				_ = json.Indent(&stream, b, "", "  ")
			} else {
				stream.Write(b)
			}
			stream.WriteString(rapid.SampledFrom([]string{"\n", "\n\n", "\r\n"}).Draw(t, "end"))
			want = append(want, "MODIFIED "+fmt.Sprint(n))
		}
		if len(want) > 0 && rapid.Bool().Draw(t, "cut off") {
			stream.Truncate(stream.Len() - rapid.IntRange(4, 20).Draw(t, "by"))
			want = want[:len(want)-1]
		}
		var in io.Reader = &stream
		if rapid.Bool().Draw(t, "slow") {
			in = iotest.HalfReader(in)
		}
		full := rapid.Bool().Draw(t, "full")
		lines := NewFrames(in)
		var got []string
		for {
			e, err := lines.Next(func(Meta) bool { return full })
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if (e.Body != nil) != full {
				t.Fatalf("a body: %v", e.Body != nil)
			}
			got = append(got, e.Type+" "+e.Meta.ResourceVersion)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-written +read):\n%s", diff)
		}
	})
}

// TestFramesBreak: an error of the connection is told, and so is an endless event.
func TestFramesBreak(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader(`{"type":"ADDED","object":{"metadata":{"name":"a"}}}`+"\n"+`{"type":`), iotest.ErrReader(broken))
	lines := NewFrames(in)
	if e, err := lines.Next(nil); err != nil || e.Meta.Name != "a" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := lines.Next(nil); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := NewFrames(endless{}).Next(nil); err == nil || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("%v", err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}
