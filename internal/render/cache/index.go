package cache

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// add puts a result into a pack.
func (c *Cache) add(name string, result []byte, used time.Time) bool {
	if int64(len(result)) > c.o.MaxBytes {
		return false
	}
	at, err := c.shelf.append(result, c.o.MaxBytes/perCache)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(name, kept{spot: at, used: used})
	c.packs[at.pack] += at.size
	c.size += at.size
	return true
}

// put notes where a result is. The caller holds the lock, or is the only one.
func (c *Cache) put(name string, k kept) {
	request := name[:64]
	if _, known := c.kept[name]; !known {
		c.names[request] = append(c.names[request], name)
	}
	c.kept[name] = k
}

// shrink removes the oldest packs until the rest fits. What was used since it was made goes
// on in a new one, at most half of a pack: the last used.
func (c *Cache) shrink() {
	for {
		c.mu.Lock()
		if c.size <= c.o.MaxBytes || len(c.packs) < 2 {
			c.mu.Unlock()
			return
		}
		oldest := slices.Min(slices.Collect(maps.Keys(c.packs)))
		left, again := c.packs[oldest]/2, map[string]kept{}
		for name, k := range c.kept {
			if k.pack == oldest && k.again {
				again[name] = k
			}
		}
		c.mu.Unlock()
		for _, name := range slices.SortedFunc(maps.Keys(again), func(a, b string) int { return again[b].used.Compare(again[a].used) }) {
			if left -= again[name].size; left < 0 {
				break
			}
			if result, err := c.shelf.read(name, again[name].spot); err == nil {
				c.add(name, result, again[name].used)
			}
		}
		c.forget(oldest)
	}
}

// read is a result. A pack in which one cannot be read is given up.
func (c *Cache) read(name string) (record, error) {
	c.mu.Lock()
	k, ok := c.kept[name]
	c.mu.Unlock()
	if !ok {
		return record{}, fs.ErrNotExist
	}
	var rec record
	result, err := c.shelf.read(name, k.spot)
	if err == nil {
		err = unzip(result[headSize:], &rec)
	}
	if errors.Is(err, errDamaged) {
		c.forget(k.pack)
	}
	return rec, err
}

func unzip(b []byte, rec *record) error {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return errDamaged
	}
	err = json.NewDecoder(z).Decode(rec)
	if err == nil {
		_, err = io.Copy(io.Discard, z) // to the checksum
	}
	if err != nil {
		return errDamaged
	}
	return nil
}

// forget removes a pack and all that is in it.
func (c *Cache) forget(pack uint64) {
	c.mu.Lock()
	for name, k := range c.kept {
		if k.pack == pack {
			c.leave(name)
		}
	}
	c.size -= c.packs[pack]
	delete(c.packs, pack)
	c.mu.Unlock()
	c.shelf.remove(pack)
}

// drop forgets a result. Its place is free when its pack goes.
func (c *Cache) drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave(name)
}

// leave forgets a result. The caller holds the lock.
func (c *Cache) leave(name string) {
	delete(c.kept, name)
	request := name[:64]
	c.names[request] = slices.DeleteFunc(c.names[request], func(n string) bool { return n == name })
	if len(c.names[request]) == 0 {
		delete(c.names, request)
	}
}

// touch says that a result was used.
func (c *Cache) touch(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.kept[name]; ok {
		k.used, k.again = time.Now(), true
		c.kept[name] = k
	}
}
