package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"evenkeel.dev/internal/cli/output"
)

// ask puts a question and gives the answer in lower case; the end of the input
// is an empty answer. An interrupt ends the wait for it.
func (s *session) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(s.env.Out, output.Clean(question))
	if s.answers == nil {
		s.answers = bufio.NewReader(s.env.In)
	}
	answer := make(chan string, 1)
	// A read of a terminal cannot be called off. The goroutine outlives an
	// interrupt, and the process does not outlive the interrupt for long.
	go func() {
		line, _ := s.answers.ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		return a, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
