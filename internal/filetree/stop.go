package filetree

import "context"

// Until returns the archive, whose reads end with ctx: to unpack a large one takes
// a while. The error is the cause of ctx.
func (a *Archive) Until(ctx context.Context) *Archive {
	stops := *a
	stops.Open = func() (ArchiveFile, error) {
		f, err := a.Open()
		if err != nil {
			return nil, err
		}
		return &stoppableFile{ArchiveFile: f, stopped: ctx}, nil
	}
	return &stops
}

type stoppableFile struct {
	ArchiveFile
	stopped context.Context
}

func (f *stoppableFile) ReadAt(b []byte, offset int64) (int, error) {
	if f.stopped.Err() != nil {
		return 0, context.Cause(f.stopped)
	}
	return f.ArchiveFile.ReadAt(b, offset)
}

// Await returns what work returns, or the cause of ctx as soon as that ends. It is for
// reading a document that is in memory: work is left alone then, must change nothing
// that others see, and ends by itself within seconds.
func Await[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := work()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
