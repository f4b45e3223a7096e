package publish

import (
	"context"
	"fmt"
	"sync"
)

// lease is one publish's use of a staged object. One publish uses it alone.
type lease struct {
	place  *stagedPlace
	upload *upload
	object *stagedObject
}

// acquire returns the staged object, and puts it there if no other publish of
// this Publisher has it.
func (s *stagings) acquire(ctx context.Context, u *upload) (*lease, error) {
	s.mu.Lock()
	if s.places == nil {
		s.places = map[string]*stagedPlace{}
	}
	p := s.places[u.identity()]
	if p == nil {
		p = &stagedPlace{gate: make(chan struct{}, 1)}
		s.places[u.identity()] = p
	}
	s.mu.Unlock()
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	defer p.leave()
	if p.object == nil {
		o, err := u.stage(ctx)
		if err != nil {
			return nil, err
		}
		p.object = o
	}
	p.users++
	return &lease{place: p, upload: u, object: p.object}, nil
}

// renew stages again what is gone, unless another publish has done so.
func (l *lease) renew(ctx context.Context, u *upload) error {
	if err := l.place.enter(ctx); err != nil {
		return err
	}
	defer l.place.leave()
	if l.place.object == l.object {
		o, err := u.stage(ctx)
		if err != nil {
			return err
		}
		l.place.object = o
	}
	l.upload, l.object = u, l.place.object
	return nil
}

// release ends the use. The last one removes the object if this Publisher put
// it there and it is not to stay. It does so even if the context is over.
func (l *lease) release(ctx context.Context, remove bool) error {
	ctx = context.WithoutCancel(ctx)
	if err := l.place.enter(ctx); err != nil {
		return err
	}
	defer l.place.leave()
	ctx, cancel := context.WithTimeout(ctx, l.upload.grace)
	defer cancel()
	l.place.users--
	if l.place.users > 0 {
		return nil
	}
	o := l.place.object
	l.place.object = nil
	if !remove || !o.ours {
		return nil
	}
	return l.upload.remove(ctx, o)
}

func (p *stagedPlace) enter(ctx context.Context) error {
	select {
	case p.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for another publish of the same bytes: %w", ctx.Err())
	}
}

func (p *stagedPlace) leave() { <-p.gate }

// stagings shares staged objects between the publishes of a Publisher: equal
// bytes for several layers travel once, and the last publish removes them. It
// is safe for concurrent use.
type stagings struct {
	mu     sync.Mutex
	places map[string]*stagedPlace
}

// stagedPlace is an object's name in a bucket. Only the holder of its gate may change it.
type stagedPlace struct {
	gate   chan struct{}
	users  int
	object *stagedObject // nil where nothing is staged
}

// stagedObject is an object in the bucket.
type stagedObject struct {
	key string
	// version is the id of its version, "" or "null" in a bucket without.
	version string
	// etag tells its content from another of the same key.
	etag string
	// ours is set where this run put it.
	ours bool
}
