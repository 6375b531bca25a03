//go:build !linux || !(amd64 || arm64)

package jail

import "errors"

func confine(spec) error {
	return errors.New("plugins are only confined on Linux, on amd64 and arm64")
}
