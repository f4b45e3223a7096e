//go:build !linux

package invoke

import (
	"errors"
	"io"
)

var errNoCell = &UnableError{Lacks: "handlers run without a container on Linux only"}

func (c *cell) start(io.Writer, []string) (*process, error) { return nil, errNoCell }

// Enter is for Linux alone.
func Enter() error { return errors.New(errNoCell.Lacks) }
