package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// Share uploads what was offered and waits for it, but not long: what is not
// through by then, or failed, is offered again by the next run. The error is an
// *UnusableError; all else is a warning.
func (s *Store) Share(ctx context.Context) error {
	h := s.shared
	if h == nil {
		return nil
	}
	offers := h.takeOffers()
	if len(offers) == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	var (
		wg       sync.WaitGroup
		slots    = make(chan struct{}, remoteUploads)
		unusable error
	)
	for name, o := range offers {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := s.upload(limited, name, o); err != nil {
				h.mu.Lock()
				defer h.mu.Unlock()
				unusable = err
			}
		})
	}
	wg.Wait()
	return unusable
}

func (h *sharing) takeOffers() map[string]offer {
	h.mu.Lock()
	defer h.mu.Unlock()
	offers := h.queue
	h.queue = map[string]offer{}
	return offers
}

// upload brings one file into the Remote. The error is an *UnusableError.
func (s *Store) upload(ctx context.Context, name string, o offer) error {
	h := s.shared
	h.mu.Lock()
	at, left := h.seen[name], h.writeFaults >= remoteFaults
	h.mu.Unlock()
	if left || at == present {
		return nil
	}
	err := ctx.Err()
	if err == nil {
		err = s.put(ctx, name, o, at)
	}
	if errors.Is(err, errTrimmed) {
		return nil
	}
	if err == nil {
		s.hasIt(name)
		return nil
	}
	if unusable, ok := errors.AsType[*UnusableError](err); ok {
		return unusable
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Err() != nil {
		h.tell("slow", fmt.Sprintf("the shared cache %s did not take all files within %s: the next run goes on", h.remote, h.patience))
		return nil
	}
	h.writeFaults++
	h.tell("write", fmt.Sprintf("the shared cache %s could not be written: %v", h.remote, err))
	return nil
}

// errTrimmed says that a file is gone since it was offered.
var errTrimmed = errors.New("the file is gone")

// put writes the file unless the Remote has it.
func (s *Store) put(ctx context.Context, name string, o offer, at sight) (err error) {
	remote := s.shared.remote
	if at == unseen {
		switch has, err := remote.Has(ctx, name); {
		case has:
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	f, err := os.Open(o.path)
	if errors.Is(err, fs.ErrNotExist) {
		return errTrimmed
	}
	if err != nil {
		return fmt.Errorf("reading %q: %w", o.path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("reading %q: %w", o.path, err)
	}
	return remote.Put(ctx, name, Object{Body: f, Size: info.Size(), SHA256: o.digest}, at == wrong)
}
