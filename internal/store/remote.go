package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// Remote keeps blobs for several machines, as objects named by [RemoteName].
// What it returns is not trusted. It is safe for concurrent use and bounds its
// own waits.
type Remote interface {
	// String says where it is, for messages and notes; it holds no credential.
	String() string
	// Get opens an object; the caller closes it. The error of an absent one
	// matches fs.ErrNotExist; where a missing permission looks the same, it
	// matches fs.ErrPermission too.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Has reports whether an object is there; its errors are those of Get.
	Has(ctx context.Context, name string) (bool, error)
	// Put writes an object. One that is there stays and is no error, unless
	// replace is set.
	Put(ctx context.Context, name string, o Object, replace bool) error
}

// Object is what is written to a Remote.
type Object struct {
	Body   io.ReaderAt
	Size   int64
	SHA256 Digest
}

// UnusableError says that a Remote cannot work with the settings it has. All
// other errors of a Remote only keep it from helping.
type UnusableError struct {
	Remote string
	// Reason is a sentence without capital and full stop.
	Reason string
}

func (e *UnusableError) Error() string {
	return fmt.Sprintf("using the shared cache %s: %s: correct the settings, or leave the cache out of the provider block", e.Remote, e.Reason)
}

// RemoteName returns the name of a blob by its digest: "sha256/<hex>". Other
// digests take the same form.
func RemoteName(d Digest) string { return "sha256/" + d.Hex() }

// Limits of what a Remote may cost a run.
const (
	remoteFaults  = 3 // after so many it is left alone
	remoteUploads = 4 // at once
	// noteAge is how long a blob that was seen in a Remote counts as there.
	noteAge    = 7 * 24 * time.Hour
	noteBucket = "shared"
)

// sharing is what a run knows of its Remote.
type sharing struct {
	remote   Remote
	readOnly bool
	patience time.Duration // for the uploads of one Share

	mu     sync.Mutex
	seen   map[string]sight
	queue  map[string]offer
	worked bool
	denied error
	// readFaults and writeFaults count what failed, absent objects apart.
	readFaults, writeFaults int
	told                    map[string]bool // kinds of warnings
	words                   []string        // warnings that nobody has taken
}

type sight int

const (
	unseen sight = iota
	absent
	present
	wrong // other bytes than its name says
)

type offer struct {
	digest Digest
	path   string
}

// WithRemote returns the store together with a Remote: it shares the files of s
// and starts with a clean record of faults. With readOnly nothing is uploaded.
func (s *Store) WithRemote(r Remote, readOnly bool) *Store {
	shared := *s
	shared.shared = &sharing{
		remote: r, readOnly: readOnly, patience: time.Minute,
		seen: map[string]sight{}, queue: map[string]offer{}, told: map[string]bool{},
	}
	return &shared
}

// Shared reports whether the store has a Remote.
func (s *Store) Shared() bool { return s.shared != nil }

// Wanted is a blob that a Remote may have.
type Wanted struct {
	// Name is the object's, see [RemoteName]; "" means that it is not looked for.
	Name string
	// SHA256 is the blob's digest; zero where Accept alone can tell.
	SHA256 Digest
	// Size is the exact number of bytes, 0 when unknown; MaxBytes caps it.
	Size, MaxBytes int64
	// Accept, when not nil, is asked of the complete file before it becomes a blob;
	// its error refuses it. It must read by offset and not close.
	Accept func(f *os.File, size int64) error
}

// Pull brings a blob from the Remote into the store, and reports its digest and
// size and whether it did. An object is judged before it appears in the store;
// one that is not what was wanted is as good as none, and so is a Remote that
// does not answer. A Remote is asked once for an absent object. The error is an
// *UnusableError.
func (s *Store) Pull(ctx context.Context, w Wanted) (d Digest, size int64, ok bool, err error) {
	h := s.shared
	if h == nil || w.Name == "" || w.SHA256.IsZero() && w.Accept == nil || !h.worthAsking(w.Name) {
		return Digest{}, 0, false, nil
	}
	body, err := h.remote.Get(ctx, w.Name)
	if err != nil {
		return Digest{}, 0, false, h.missed(ctx, w.Name, err)
	}
	d, size, err = s.take(body, w)
	refused, isRefused := errors.AsType[*refusedError](err)
	switch {
	case isRefused:
		h.see(w.Name, wrong)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.tell("wrong", fmt.Sprintf("an object in the shared cache %s is not what its name %q says, and was not used: %v", h.remote, w.Name, refused.err))
		return Digest{}, 0, false, nil
	case err != nil:
		return Digest{}, 0, false, h.missed(ctx, w.Name, err)
	}
	s.hasIt(w.Name)
	return d, size, true, nil
}

// refusedError says that all of an object arrived and is not what was wanted.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }

// take makes a blob of an object.
func (s *Store) take(body io.ReadCloser, wanted Wanted) (d Digest, size int64, err error) {
	defer func() { _ = body.Close() }() // all that counts was read
	w, err := s.NewWriter()
	if err != nil {
		return Digest{}, 0, err
	}
	defer func() { err = errors.Join(err, w.Abort()) }()
	from := io.Reader(body)
	limit, most := wanted.MaxBytes, "at most "
	if wanted.Size > 0 {
		limit, most = wanted.Size, ""
	}
	if limit > 0 {
		from = io.LimitReader(body, limit+1)
	}
	if _, err := io.Copy(w, from); err != nil {
		return Digest{}, 0, err
	}
	switch {
	case limit > 0 && w.Size() > limit || w.Size() < wanted.Size:
		return Digest{}, 0, &refusedError{fmt.Errorf("its size differs: want %s%d bytes", most, limit)}
	case !wanted.SHA256.IsZero() && w.Sum() != wanted.SHA256:
		return Digest{}, 0, &refusedError{&DigestError{Want: wanted.SHA256, Got: w.Sum(), Size: w.Size()}}
	case wanted.Accept != nil:
		if err := wanted.Accept(w.File(), w.Size()); err != nil {
			return Digest{}, 0, &refusedError{err}
		}
	}
	d, size = w.Sum(), w.Size()
	return d, size, w.Commit(d)
}

// Offer notes a file that the next Share uploads under the name, unless the
// Remote is known to have it. path "" is the blob of the digest.
func (s *Store) Offer(name string, d Digest, path string) {
	h := s.shared
	if h == nil || h.readOnly || name == "" {
		return
	}
	if path == "" {
		path = s.Path(d)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.seen[name] {
	case present:
		return
	case unseen:
		if _, written, err := s.GetRecord(noteBucket, s.noteKey(name)); err == nil && time.Since(written) < noteAge {
			h.seen[name] = present
			return
		}
	}
	h.queue[name] = offer{digest: d, path: path}
}

// hasIt remembers, for this and later runs, that the Remote has an object.
func (s *Store) hasIt(name string) {
	s.shared.see(name, present)
	s.Note(noteBucket, s.noteKey(name), nil)
}

func (s *Store) noteKey(name string) string { return s.shared.remote.String() + " " + name }

// worthAsking reports whether the Remote may have the object.
func (h *sharing) worthAsking(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.seen[name]
	return at != absent && at != wrong && h.readFaults < remoteFaults
}

func (h *sharing) see(name string, at sight) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen[name], h.worked = at, true
}

// missed notes why an object did not come. The error is an *UnusableError.
func (h *sharing) missed(ctx context.Context, name string, err error) error {
	if unusable, ok := errors.AsType[*UnusableError](err); ok {
		return unusable
	}
	if ctx.Err() != nil {
		return nil // the caller left
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if errors.Is(err, fs.ErrNotExist) {
		h.seen[name] = absent
		if errors.Is(err, fs.ErrPermission) {
			h.denied = err
		} else {
			h.worked = true
		}
		return nil
	}
	h.readFaults++
	h.tell("read", fmt.Sprintf("the shared cache %s could not be read, and files come from their origin: %v", h.remote, err))
	return nil
}

// tell keeps one warning of a kind; mu is held.
func (h *sharing) tell(kind, text string) {
	if !h.told[kind] {
		h.told[kind] = true
		h.words = append(h.words, text)
	}
}

// SharedWarnings returns what went wrong with the Remote since the last call,
// in sentences, each kind of fault once in a run.
func (s *Store) SharedWarnings() []string {
	h := s.shared
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.denied != nil && !h.worked {
		h.tell("denied", fmt.Sprintf("the shared cache %s gave nothing: %v", h.remote, h.denied))
	}
	words := h.words
	h.words = nil
	return words
}
