package wheel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// GivenWheel is a wheel that no index serves: a file on disk, or one at an
// address of its own. Its JSON is fit for a digest.
type GivenWheel struct {
	// Path is on disk, as the user wrote it, with forward slashes; "" for a
	// wheel at URL.
	Path string `json:",omitempty"`
	// URL holds no credentials; "" for a wheel on disk.
	URL    string `json:",omitempty"`
	SHA256 store.Digest
	Size   int64 // bytes; 0 where not known
	// Source names who gives it, such as "python.wheels[0]".
	Source string `json:"-"`
}

// Filename returns the name of the file, which is unescaped where it comes from
// a URL.
func (g GivenWheel) Filename() string {
	if g.Path != "" {
		return path.Base(g.Path)
	}
	if u, err := url.Parse(g.URL); err == nil {
		return path.Base(u.Path)
	}
	return path.Base(g.URL)
}

// Name reads the file name; the error is a *SyntaxError.
func (g GivenWheel) Name() (NameTags, error) { return ParseWheelName(g.Filename()) }

// ReadGivenWheel digests the wheel on disk at name. source is its Source. The
// error of a missing file matches fs.ErrNotExist, that of a name that is no
// wheel's is a *SyntaxError.
func ReadGivenWheel(ctx context.Context, name, source string) (GivenWheel, error) {
	g := GivenWheel{Path: filepath.ToSlash(name), Source: source}
	if _, err := g.Name(); err != nil {
		return GivenWheel{}, err
	}
	var err error
	g.SHA256, g.Size, err = SumWheel(ctx, g.Path)
	return g, err
}

// ReadWheelFolder digests the wheels in the folder at name, sorted by file name;
// files whose names are no wheel's are passed over, as are folders within.
// Where name is a wheel, it is that one alone. source is their Source.
func ReadWheelFolder(ctx context.Context, name, source string) ([]GivenWheel, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("reading the wheels in %q: %w", name, Bare(err))
	}
	if !info.IsDir() {
		g, err := ReadGivenWheel(ctx, name, source)
		if err != nil {
			return nil, err
		}
		return []GivenWheel{g}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, fmt.Errorf("reading the wheels in %q: %w", name, Bare(err))
	}
	var given []GivenWheel
	for _, entry := range entries {
		if _, err := ParseWheelName(entry.Name()); err != nil || entry.IsDir() {
			continue
		}
		g, err := ReadGivenWheel(ctx, path.Join(filepath.ToSlash(name), entry.Name()), source)
		if err != nil {
			return nil, err
		}
		given = append(given, g)
	}
	return given, nil
}

// ChangedWheelError tells that a wheel or a source distribution on disk is not the one that was locked.
type ChangedWheelError struct {
	Path      string // as the user wrote it
	Want, Got store.Digest
	Err       error // why there is none, or nil
}

func (e *ChangedWheelError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%v, and a %s with sha256 %s was locked from there", e.Err, FileKind(e.Path), e.Want)
	}
	return fmt.Sprintf("the %s %q is not the one that was locked: it has sha256 %s, and %s was locked: plan again", FileKind(e.Path), e.Path, e.Got, e.Want)
}

func (e *ChangedWheelError) Unwrap() error { return e.Err }

// CheckLocal reads the wheels of the lock that lie on disk, except those whose
// digests are known, and returns a *ChangedWheelError for the first that is not
// what was locked.
func (l *Lock) CheckLocal(ctx context.Context, known ...store.Digest) error {
	for _, w := range l.Wheels {
		if w.Path == "" || slices.Contains(known, w.SHA256) {
			continue
		}
		got, _, err := SumWheel(ctx, w.Path)
		if err != nil || got != w.SHA256 {
			return &ChangedWheelError{Path: w.Path, Want: w.SHA256, Got: got, Err: err}
		}
	}
	return nil
}

// SumWheel returns the digest and the size of a wheel or a source distribution on
// disk.
func SumWheel(ctx context.Context, name string) (digest store.Digest, size int64, err error) {
	digest, size, err = store.SumFile(ctx, filepath.FromSlash(name))
	if err != nil {
		return store.Digest{}, 0, fmt.Errorf("reading the %s %q: %w", FileKind(name), name, Bare(err))
	}
	return digest, size, nil
}

// Bare strips the path that the caller's message names already.
func Bare(err error) error {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		return inner.Err
	}
	return err
}
