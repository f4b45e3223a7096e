package upload

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/s3object"
)

// Lease is one publish's use of a staged object. One publish uses it alone.
type Lease struct {
	place  *stagedPlace
	Upload *Upload
	Object *Object
}

// Acquire returns the staged object, and puts it there if no other publish of
// this Publisher has it.
func (s *Stagings) Acquire(ctx context.Context, u *Upload) (*Lease, error) {
	kept, _ := s.places.LoadOrStore(u.identity(), &stagedPlace{gate: make(chan struct{}, 1)})
	p, _ := kept.(*stagedPlace)
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	defer p.leave()
	if p.object == nil {
		o, err := u.Stage(ctx)
		if err != nil {
			return nil, err
		}
		p.object = o
	}
	p.users++
	return &Lease{place: p, Upload: u, Object: p.object}, nil
}

// Renew stages again what is gone, unless another publish has done so.
func (l *Lease) Renew(ctx context.Context, u *Upload) error {
	if err := l.place.enter(ctx); err != nil {
		return err
	}
	defer l.place.leave()
	if l.place.object == l.Object {
		o, err := u.Stage(ctx)
		if err != nil {
			return err
		}
		l.place.object = o
	}
	l.Upload, l.Object = u, l.place.object
	return nil
}

// Release ends the use. The last one removes the object if this Publisher put
// it there and it is not to stay. It does so even if the context is over.
func (l *Lease) Release(ctx context.Context, remove bool) error {
	ctx = context.WithoutCancel(ctx)
	if err := l.place.enter(ctx); err != nil {
		return err
	}
	defer l.place.leave()
	ctx, cancel := context.WithTimeout(ctx, l.Upload.Grace)
	defer cancel()
	l.place.users--
	if l.place.users > 0 {
		return nil
	}
	o := l.place.object
	l.place.object = nil
	if !remove || !o.Ours {
		return nil
	}
	return l.Upload.Remove(ctx, o.Stored)
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

// Stagings shares staged objects between the publishes of a Publisher: equal
// bytes for several layers travel once, and the last publish removes them. It
// is safe for concurrent use.
type Stagings struct {
	places sync.Map // of *stagedPlace, by identity
}

// stagedPlace is an object's name in a bucket. Only the holder of its gate may change it.
type stagedPlace struct {
	gate   chan struct{}
	users  int
	object *Object // nil where nothing is staged
}

// Object is an object in the bucket.
type Object struct {
	s3object.Stored
	// Ours is set where this run put it.
	Ours bool
}

// StoredOf names what S3 answers of a key.
func StoredOf(key string, version, etag *string) s3object.Stored {
	stored := s3object.Stored{Key: key, VersionID: aws.ToString(version), ETag: aws.ToString(etag)}
	if stored.VersionID == "null" { // in a bucket without versions
		stored.VersionID = ""
	}
	return stored
}
