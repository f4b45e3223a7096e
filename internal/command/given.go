package command

import (
	"errors"
	"io"
	"os"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// readGiven returns what a file holds that is named on the command line, "-" the
// standard input. It may be a pipe, such as that of a shell. One with more bytes than
// the limit is a *filetree.LimitError, of which no more is read.
func readGiven(name string, limit int64) (body []byte, err error) {
	in := os.Stdin
	if name != "-" {
		if in, err = os.Open(name); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, in.Close()) }()
	}
	body, err = io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, &filetree.LimitError{What: name, Unit: "bytes", Found: int64(len(body)), Limit: limit}
	}
	return body, err
}
