package manifest

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"evenkeel.dev/internal/fault"
)

// Text is a file's content as UTF-8 without a byte order mark. As in Argo CD it
// may be UTF-16 with one, which is what PowerShell writes.
func Text(name string, data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return wide(name, data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return wide(name, data[2:], binary.BigEndian)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if utf8.Valid(data) {
		return data, nil
	}
	line := 1
	for rest := data; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		rest = rest[n:]
	}
	return nil, fault.New(fault.Broken, "%s: line %d: not UTF-8", name, line)
}

func wide(name string, data []byte, order binary.ByteOrder) ([]byte, error) {
	broken := fault.New(fault.Broken, "%s: not UTF-16, as which its byte order mark announces it", name)
	if len(data)%2 != 0 {
		return nil, broken
	}
	out := make([]byte, 0, len(data)/2)
	for i := 0; i < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			if i += 2; i >= len(data) {
				return nil, broken
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(data[i:]))); r == utf8.RuneError {
				return nil, broken
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out, nil
}
