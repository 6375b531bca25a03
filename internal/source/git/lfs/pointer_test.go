package lfs

import (
	"strings"
	"testing"
)

const someOID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"

func TestParse(t *testing.T) {
	good := "version https://git-lfs.github.com/spec/v1\noid sha256:" + someOID + "\nsize 12345\n"
	for _, tc := range []struct {
		reason, data string
		ok           bool
	}{
		{"the one of the specification", good, true},
		{"line ends of Windows", strings.ReplaceAll(good, "\n", "\r\n"), true},
		{"without a last line end", strings.TrimSuffix(good, "\n"), true},
		{"another version", strings.Replace(good, "v1", "v2", 1), false},
		{"an extension, which is a program", strings.Replace(good, "oid", "ext-0-x sha256:"+someOID+"\noid", 1), false},
		{"a path for a digest", strings.Replace(good, someOID, "../../../etc/passwd", 1), false},
		{"a short digest", strings.Replace(good, someOID, someOID[1:], 1), false},
		{"a digest in capitals", strings.Replace(good, someOID, strings.ToUpper(someOID), 1), false},
		{"another algorithm", strings.Replace(good, "sha256", "md5", 1), false},
		{"a negative size", strings.Replace(good, "12345", "-1", 1), false},
		{"a size beyond all bounds", strings.Replace(good, "12345", "99999999999999999999", 1), false},
		{"a size with a sign", strings.Replace(good, "12345", "+1", 1), false},
		{"something after it", good + "more\n", false},
		{"too long", good + strings.Repeat("\n", MaxPointer), false},
		{"a file", "kind: ConfigMap\n", false},
		{"nothing", "", false},
	} {
		p, ok := Parse([]byte(tc.data))
		if ok != tc.ok || ok && p != (Pointer{someOID, 12345}) {
			t.Errorf("%s: %v, %v", tc.reason, p, ok)
		}
	}
}

func FuzzParsePointer(f *testing.F) {
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + someOID + "\nsize 12345\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ok := Parse(data)
		if ok && (len(p.OID) != 64 || strings.Trim(p.OID, "0123456789abcdef") != "" || p.Size < 0) {
			t.Errorf("%q is taken for %+v", data, p)
		}
	})
}
