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
