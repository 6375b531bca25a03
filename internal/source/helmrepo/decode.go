package helmrepo

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"evenkeel.dev/internal/fault"
)

const (
	// maxWhole is the largest index that is decoded as a whole when its form is not
	// the usual one.
	maxWhole = 4 << 20
	// maxEntry is the largest part of a JSON index that is looked at at once.
	maxEntry = 1 << 20
	// maxVersionLength also fits the field that holds it.
	maxVersionLength = 256
	maxURLLength     = 4096
	maxNameLength    = 1024
)

// errForm is an index that is not of the form that is decoded as it arrives.
var errForm = errors.New("not of the form that Helm writes")

// entry is what an index says of one version.
type entry struct {
	Version string   `json:"version" yaml:"version"`
	URLs    []string `json:"urls" yaml:"urls"`
	Digest  string   `json:"digest" yaml:"digest"`
	Created string   `json:"created" yaml:"created"`
}

// collector keeps what is needed of an index.
type collector struct {
	charts map[string][]release
	// left is the number of releases that there may still be.
	left       int
	size       int64
	apiVersion bool
}

// decodeIndex reads an index of at most maxReleases versions. Errors of r are
// returned as they are.
func decodeIndex(r io.Reader, maxReleases int) (*collector, error) {
	var head bytes.Buffer
	_, err := io.CopyN(&head, r, maxWhole+1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	fresh := func() *collector { return &collector{charts: map[string][]release{}, left: maxReleases} }
	c := fresh()
	if err == nil {
		err = c.stream(io.MultiReader(&head, r))
		if errors.Is(err, errForm) {
			return nil, fault.New(fault.Broken, "the index is larger than %d bytes and %s", maxWhole, err)
		}
		if err != nil {
			return nil, err
		}
		return c.finish()
	}
	err = c.stream(bytes.NewReader(head.Bytes()))
	if errors.Is(err, errForm) {
		c = fresh()
		err = c.whole(head.Bytes())
	}
	if err != nil {
		return nil, err
	}
	return c.finish()
}

// finish refuses what is no index: to take a page that says "please log in" for an
// empty repository would be to say that all charts are gone. Helm refuses it as well.
func (c *collector) finish() (*collector, error) {
	if !c.apiVersion {
		return nil, fault.New(fault.Broken, "that is no index of a Helm repository: it has no apiVersion")
	}
	for name, releases := range c.charts {
		c.charts[name] = slices.Clip(releases)
	}
	return c, nil
}

func (c *collector) stream(r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	if bom, err := in.Peek(3); err == nil && string(bom) == "\ufeff" {
		_, _ = in.Discard(3) // they were peeked at
	}
	for {
		b, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if b == '{' {
			_ = in.UnreadByte() // it was read just now
			return c.json(in)
		}
		// A space may be the indentation of the first line.
		if b != '\n' && b != '\r' {
			_ = in.UnreadByte() // it was read just now
			return (&yamlIndex{in: in, out: c}).run()
		}
	}
}

// begin is told the name of a chart before its versions.
func (c *collector) begin(chart string) error {
	if _, twice := c.charts[chart]; twice {
		return fault.New(fault.Broken, "the index has chart %.200q twice", chart)
	}
	if len(chart) > maxNameLength || !isText(chart) {
		return fault.New(fault.Broken, "the index has a chart named %.200q", chart)
	}
	if c.left--; c.left < 0 {
		return fault.New(fault.Broken, "the index lists more charts and versions than are accepted")
	}
	c.charts[chart] = nil
	c.size += int64(len(chart)) + releaseSize
	return nil
}

// add keeps a version. As in Helm one that cannot be used does not stand in the way
// of others.
func (c *collector) add(chart string, e entry) error {
	if c.left--; c.left < 0 {
		return fault.New(fault.Broken, "the index lists more charts and versions than are accepted")
	}
	if e.Version == "" || len(e.Version) > maxVersionLength || !isText(e.Version) {
		return nil
	}
	r := release{text: e.Version, length: uint16(len(e.Version))}
	// Helm takes the first one too, and does not try others.
	if len(e.URLs) > 0 && len(e.URLs[0]) <= maxURLLength {
		r.text += e.URLs[0]
	}
	if sum, err := hex.DecodeString(strings.TrimPrefix(e.Digest, "sha256:")); err == nil && len(sum) == len(r.digest) {
		r.digest, r.hasDigest = [32]byte(sum), true
	}
	if at, err := time.Parse(time.RFC3339Nano, e.Created); err == nil {
		r.created = at.Unix()
	}
	c.charts[chart] = append(c.charts[chart], r)
	c.size += int64(len(r.text)) + releaseSize
	return nil
}

// isText says whether s can be shown: versions end up on terminals.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
}

// whole decodes any YAML.
func (c *collector) whole(data []byte) error {
	var index struct {
		APIVersion string             `yaml:"apiVersion"`
		Entries    map[string][]entry `yaml:"entries"`
	}
	if err := yaml.Unmarshal(data, &index); err != nil {
		return fault.New(fault.Broken, "that is no index of a Helm repository: %s", firstLine(err))
	}
	c.apiVersion = index.APIVersion != ""
	for chart, list := range index.Entries {
		if err := c.begin(chart); err != nil {
			return err
		}
		for _, e := range list {
			if err := c.add(chart, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstLine is what a decoder complains of, which quotes what it read, within bounds.
func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n"), "\n")
	line, _, _ = strings.Cut(line, " into ") // a type of ours
	return fmt.Sprintf("%.200q", strings.TrimSpace(line))
}

// budget ends with an error when more is read than was granted.
type budget struct {
	from io.Reader
	left int
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fault.New(fault.Broken, "the index has an entry of more than %d bytes", maxEntry)
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// json decodes an index that is written in JSON.
func (c *collector) json(r io.Reader) error {
	in := &budget{from: r, left: maxEntry}
	d := json.NewDecoder(in)
	err := object(d, func(key string) error {
		in.left = maxEntry
		switch key {
		case "apiVersion":
			var v string
			err := d.Decode(&v)
			c.apiVersion = v != ""
			return err
		case "entries":
			return object(d, func(chart string) error {
				if err := c.begin(chart); err != nil {
					return err
				}
				return array(d, func() error {
					in.left = maxEntry
					var e entry
					if err := d.Decode(&e); err != nil {
						return err
					}
					return c.add(chart, e)
				})
			})
		}
		return d.Decode(new(json.RawMessage))
	})
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, kind := errors.AsType[*json.UnmarshalTypeError](err)
	if syntax || kind || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", errForm, err)
	}
	return err
}

// object calls each for the keys of an object, whose values it has to read; null is
// an empty object.
func object(d *json.Decoder, each func(key string) error) error {
	open, err := d.Token()
	if err != nil || open == nil {
		return err
	}
	if open != json.Delim('{') {
		return errForm
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return errForm
		}
		if err := each(name); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// array calls each before every element of an array, which it has to read; null is an
// empty array.
func array(d *json.Decoder, each func() error) error {
	open, err := d.Token()
	if err != nil || open == nil {
		return err
	}
	if open != json.Delim('[') {
		return errForm
	}
	for d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
