// Command registry is the CNCF's registry for tests: real, small, and gone when
// its standard input is closed.
//
// Its configuration comes as YAML from the file that is its one argument, in the
// form that distribution documents; http.addr, http.tls and http.secret are read,
// and what the driver inmemory needs none of. The first line that it prints is
// the address that it listens on.
//
// It is a module of its own, so that distribution's dependencies, among them the
// clients of three clouds, stay out of the product's go.mod.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: registry CONFIGURATION.yaml")
	}
	file, err := os.Open(os.Args[1])
	if err != nil {
		return err
	}
	defer file.Close()
	config, err := configuration.Parse(file)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", config.HTTP.Addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handlers.NewApp(ctx, config), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		// Whoever started us holds the other end, and a test that dies lets go of it.
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Println(listener.Addr())
	if config.HTTP.TLS.Certificate != "" {
		err = server.ServeTLS(listener, config.HTTP.TLS.Certificate, config.HTTP.TLS.Key)
	} else {
		err = server.Serve(listener)
	}
	if err == http.ErrServerClosed {
		return nil
	}
	return err
}
