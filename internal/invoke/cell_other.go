//go:build !linux

package invoke

import (
	"errors"
	"io"
	"os/exec"
)

var errNoCell = &UnableError{Lacks: "handlers run without a container on Linux only"}

func (c *cell) start(io.Writer, []string) (*exec.Cmd, error) { return nil, errNoCell }

// Enter is for Linux alone.
func Enter() error { return errors.New(errNoCell.Lacks) }
