package gitserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// SSHOptions say who may connect by SSH.
type SSHOptions struct {
	// HostKey is the server's identity.
	HostKey ssh.Signer
	// AuthorizedKey is the one key that is let in, under any user name.
	AuthorizedKey ssh.PublicKey
	// LFS, when set, is where the large files of a repository are and the headers that
	// are to be sent there, as git-lfs-authenticate tells them. The path is as it was sent.
	LFS func(path string) (href string, header map[string]string)
}

// ServeSSH answers git fetch and push over SSH on l until ctx ends, which
// closes l and all connections. Repository NAME.git has the path /NAME.git.
func (s *Server) ServeSSH(ctx context.Context, l net.Listener, opts SSHOptions) error {
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if opts.AuthorizedKey == nil || !bytes.Equal(key.Marshal(), opts.AuthorizedKey.Marshal()) {
				return nil, errors.New("gitserver: key is not authorized")
			}
			return &ssh.Permissions{}, nil
		},
	}
	config.AddHostKey(opts.HostKey)
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var connections sync.WaitGroup
	defer connections.Wait()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("gitserver: ssh: %w", err)
		}
		connections.Go(func() { s.serveConn(ctx, conn, config, opts) })
	}
}

func (s *Server) serveConn(ctx context.Context, conn net.Conn, config *ssh.ServerConfig, opts SSHOptions) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	var sessions sync.WaitGroup
	defer sessions.Wait()
	sessions.Go(func() { ssh.DiscardRequests(requests) })
	for c := range channels {
		if c.ChannelType() != "session" {
			c.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		channel, requests, err := c.Accept()
		if err != nil {
			return
		}
		sessions.Go(func() { s.serveSession(ctx, channel, requests, opts) })
	}
}

func (s *Server) serveSession(ctx context.Context, channel ssh.Channel, requests <-chan *ssh.Request, opts SSHOptions) {
	defer channel.Close()
	protocol := ""
	for r := range requests {
		switch r.Type {
		case "env":
			var env struct{ Name, Value string }
			if ssh.Unmarshal(r.Payload, &env) == nil && env.Name == "GIT_PROTOCOL" && !s.opts.OnlyProtocolV0 {
				protocol = env.Value
			}
			r.Reply(true, nil)
		case "exec":
			var line struct{ Command string }
			if ssh.Unmarshal(r.Payload, &line) != nil {
				r.Reply(false, nil)
				return
			}
			r.Reply(true, nil)
			var status uint32
			if path, ok := strings.CutPrefix(line.Command, "git-lfs-authenticate "); ok && opts.LFS != nil {
				href, header := opts.LFS(path)
				json.NewEncoder(channel).Encode(map[string]any{"href": href, "header": header, "expires_in": 3600})
			} else {
				status = s.serveCommand(ctx, channel, line.Command, protocol)
			}
			channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
			return
		default:
			r.Reply(false, nil)
		}
	}
}

// serveCommand runs "git-upload-pack '/NAME.git'" or its sibling and is the exit status.
func (s *Server) serveCommand(ctx context.Context, channel ssh.Channel, line, protocol string) uint32 {
	verb, arg, _ := strings.Cut(line, " ")
	if verb != "git-upload-pack" && (verb != "git-receive-pack" || s.opts.ReadOnly) {
		fmt.Fprintf(channel.Stderr(), "gitserver: %q is not allowed\n", verb)
		return 128
	}
	dir := filepath.Join(s.opts.Dir, path.Clean("/"+strings.Trim(arg, "'")))
	cmd := exec.CommandContext(ctx, s.opts.GitBinary, strings.TrimPrefix(verb, "git-"), dir)
	cmd.Env = append(environ(), "GIT_PROTOCOL="+protocol)
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	// With Stdin set, Wait would wait for the client to close its side, which git does last.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 128
	}
	if err := cmd.Start(); err != nil {
		return 128
	}
	go func() {
		io.Copy(stdin, channel)
		stdin.Close()
	}()
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return uint32(exit.ExitCode())
	}
	return 0
}
