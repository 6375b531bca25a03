//go:build !linux || !(amd64 || arm64)

package worker

import "errors"

func shut() error {
	return errors.New("renderers are only confined on Linux, on amd64 and arm64")
}
