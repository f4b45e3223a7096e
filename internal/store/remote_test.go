package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// bucket is a Remote in memory.
type bucket struct {
	mu      sync.Mutex
	objects map[string]string
	calls   []string
	fail    error         // of every call
	cut     bool          // bodies end early
	slow    chan struct{} // writes wait for it
}

func (b *bucket) String() string { return "mem://bucket/" }

func (b *bucket) call(what string) error {
	b.calls = append(b.calls, what)
	return b.fail
}

func (b *bucket) Get(_ context.Context, name string) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.call("get " + name); err != nil {
		return nil, err
	}
	content, ok := b.objects[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	var body io.Reader = strings.NewReader(content)
	if b.cut {
		body = io.MultiReader(strings.NewReader(content[:len(content)/2]), brokenReader{})
	}
	return io.NopCloser(body), nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (b *bucket) Has(_ context.Context, name string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.call("has " + name); err != nil {
		return false, err
	}
	if _, ok := b.objects[name]; !ok {
		return false, fs.ErrNotExist
	}
	return true, nil
}

func (b *bucket) Put(ctx context.Context, name string, o Object, replace bool) error {
	if b.slow != nil {
		select {
		case <-b.slow:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.call("put " + name); err != nil {
		return err
	}
	body, err := io.ReadAll(io.NewSectionReader(o.Body, 0, o.Size))
	if err != nil || Sum(body) != o.SHA256 {
		return errors.Join(err, errors.New("the body is not what was announced"))
	}
	if _, ok := b.objects[name]; !ok || replace {
		b.objects[name] = string(body)
	}
	return nil
}

// asked returns the calls since the last time, sorted.
func (b *bucket) asked() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls := b.calls
	b.calls = nil
	slices.Sort(calls)
	return strings.Join(calls, ", ")
}

const helloName = "sha256/" + helloDigest

func newBucket(objects map[string]string) *bucket {
	b := &bucket{objects: map[string]string{}}
	maps.Copy(b.objects, objects)
	return b
}

func pull(t *testing.T, s *Store, name string) bool {
	t.Helper()
	d, size, ok, err := s.Pull(t.Context(), Wanted{Name: name, SHA256: digest(t, helloDigest)})
	if err != nil {
		t.Fatal(err)
	}
	if ok && (d.Hex() != helloDigest || size != 5 || !s.Has(d, 5)) {
		t.Errorf("Pull gave %s with %d bytes, want that of hello, stored", d, size)
	}
	return ok
}

func TestPullTakesOnlyWhatWasWanted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		wanted  Wanted
		ok      bool
		warning string
	}{
		"right":         {"hello", Wanted{Size: 5}, true, ""},
		"by judge":      {"hello", Wanted{Accept: func(*os.File, int64) error { return nil }}, true, ""},
		"other bytes":   {"hellO", Wanted{}, false, "have sha256"},
		"other size":    {"hello!", Wanted{Size: 5}, false, "5 bytes"},
		"short":         {"hell", Wanted{Size: 5}, false, "5 bytes"},
		"over the cap":  {"hello", Wanted{MaxBytes: 4}, false, "4 bytes"},
		"judged unfit":  {"hello", Wanted{Accept: func(*os.File, int64) error { return errors.New("it holds a bomb") }}, false, "a bomb"},
		"empty":         {"", Wanted{}, false, "have sha256"},
		"judged to end": {"hello", Wanted{Accept: readsAll}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t).WithRemote(newBucket(map[string]string{helloName: c.content}), false)
			c.wanted.Name, c.wanted.SHA256 = helloName, digest(t, helloDigest)
			_, _, ok, err := s.Pull(t.Context(), c.wanted)
			if ok != c.ok || err != nil {
				t.Errorf("Pull = %t, %v, want %t", ok, err, c.ok)
			}
			if s.Has(digest(t, helloDigest), -1) != c.ok || litter(t, s) != 0 {
				t.Error("the store does not hold what Pull said")
			}
			if got := strings.Join(s.SharedWarnings(), "\n"); !strings.Contains(got, c.warning) || (got == "") != (c.warning == "") {
				t.Errorf("warnings %q, want %q", got, c.warning)
			}
		})
	}
}

func readsAll(f *os.File, size int64) error {
	content, err := io.ReadAll(io.NewSectionReader(f, 0, size))
	if string(content) != "hello" {
		return errors.New("it is not hello")
	}
	return err
}

func TestPullNeedsSomethingToJudgeBy(t *testing.T) {
	t.Parallel()
	b := newBucket(map[string]string{"other/x": "hello"})
	s := open(t).WithRemote(b, false)
	if _, _, ok, err := s.Pull(t.Context(), Wanted{Name: "other/x"}); ok || err != nil || b.asked() != "" {
		t.Errorf("a blob without a digest was pulled: %t, %v", ok, err)
	}
}

func TestAbsentObjectsAreAskedForOnce(t *testing.T) {
	t.Parallel()
	b := newBucket(nil)
	s := open(t).WithRemote(b, false)
	for range 3 {
		if pull(t, s, helloName) {
			t.Fatal("an absent object was pulled")
		}
	}
	if got := b.asked(); got != "get "+helloName {
		t.Errorf("the remote was asked %q, want once", got)
	}
	if words := s.SharedWarnings(); len(words) != 0 {
		t.Errorf("an absent object made warnings: %q", words)
	}
}

func TestShareUploadsOnceForAllRuns(t *testing.T) {
	t.Parallel()
	b, s := newBucket(nil), open(t)
	d := put(t, s, "hello")
	share := func() string {
		t.Helper()
		run := s.WithRemote(b, false)
		run.Offer(helloName, d, "")
		run.Offer(helloName, d, "")
		if err := run.Share(t.Context()); err != nil {
			t.Fatal(err)
		}
		return b.asked()
	}
	if got := share(); got != "has "+helloName+", put "+helloName {
		t.Errorf("the first run did %q", got)
	}
	if got := share(); got != "" {
		t.Errorf("the second run did %q, want nothing", got)
	}
	if b.objects[helloName] != "hello" {
		t.Errorf("the remote holds %q", b.objects)
	}
	// A remote elsewhere has notes of its own.
	other := &elsewhere{newBucket(nil)}
	run := s.WithRemote(other, false)
	run.Offer(helloName, d, "")
	if err := run.Share(t.Context()); err != nil || other.objects[helloName] != "hello" {
		t.Errorf("the other remote holds %q, %v", other.objects, err)
	}
}

type elsewhere struct{ *bucket }

func (*elsewhere) String() string { return "mem://elsewhere/" }

func TestShareAsksNothingWhereItKnows(t *testing.T) {
	t.Parallel()
	b := newBucket(nil)
	s := open(t).WithRemote(b, false)
	if pull(t, s, helloName) {
		t.Fatal("an absent object was pulled")
	}
	s.Offer(helloName, put(t, s, "hello"), "")
	if err := s.Share(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.asked(); got != "get "+helloName+", put "+helloName {
		t.Errorf("the remote was asked %q, want no third call", got)
	}
}

func TestWrongObjectsAreReplaced(t *testing.T) {
	t.Parallel()
	for _, readOnly := range []bool{false, true} {
		b := newBucket(map[string]string{helloName: "forged"})
		s := open(t).WithRemote(b, readOnly)
		if pull(t, s, helloName) {
			t.Fatal("a forged object was pulled")
		}
		s.Offer(helloName, put(t, s, "hello"), "")
		if err := s.Share(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]string{false: "hello", true: "forged"}[readOnly]; b.objects[helloName] != want {
			t.Errorf("read-only %t: the remote holds %q, want %q", readOnly, b.objects[helloName], want)
		}
	}
}

func TestFaultsEndTheQuestions(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*bucket{
		"error":     {fail: errors.New("503 slow down")},
		"truncated": {cut: true, objects: map[string]string{helloName: "hello"}},
	} {
		s := open(t).WithRemote(b, false)
		for range 5 {
			if pull(t, s, helloName) {
				t.Fatalf("%s: pulled", name)
			}
		}
		if got := strings.Count(b.asked(), "get"); got != 3 {
			t.Errorf("%s: %d questions, want 3", name, got)
		}
		words := s.SharedWarnings()
		if len(words) != 1 || !strings.Contains(words[0], "mem://bucket/ could not be read") || len(s.SharedWarnings()) != 0 {
			t.Errorf("%s: warnings %q, want one, once", name, words)
		}
	}
}

func TestFailedUploadsAreWarnings(t *testing.T) {
	t.Parallel()
	b := &bucket{fail: errors.New("403 denied")}
	s := open(t).WithRemote(b, false)
	for _, content := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		d := put(t, s, content)
		s.Offer(RemoteName(d), d, "")
	}
	if err := s.Share(t.Context()); err != nil {
		t.Errorf("Share = %v, want a warning alone", err)
	}
	if n := strings.Count(b.asked(), "has"); n < remoteFaults || n > remoteFaults+remoteUploads {
		t.Errorf("%d attempts, want an end after %d", n, remoteFaults)
	}
	if words := s.SharedWarnings(); len(words) != 1 || !strings.Contains(words[0], "could not be written: 403 denied") {
		t.Errorf("warnings %q, want one", words)
	}
}

func TestShareDoesNotWaitLong(t *testing.T) {
	t.Parallel()
	b := newBucket(nil)
	b.slow = make(chan struct{})
	s := open(t).WithRemote(b, false)
	s.shared.patience = 20 * time.Millisecond
	d := put(t, s, "hello")
	s.Offer(helloName, d, "")
	if err := s.Share(t.Context()); err != nil {
		t.Fatal(err)
	}
	if words := s.SharedWarnings(); len(words) != 1 || !strings.Contains(words[0], "the next run goes on") {
		t.Errorf("warnings %q", words)
	}
	close(b.slow)
	next := s.WithRemote(b, false)
	next.Offer(helloName, d, "")
	if err := next.Share(t.Context()); err != nil || b.objects[helloName] != "hello" {
		t.Errorf("the next run left %q, %v", b.objects, err)
	}
}

func TestUnusableRemoteIsAnError(t *testing.T) {
	t.Parallel()
	b := &bucket{fail: &UnusableError{Remote: "mem://bucket/", Reason: "no credentials were found"}}
	s := open(t).WithRemote(b, false)
	var unusable *UnusableError
	if _, _, _, err := s.Pull(t.Context(), Wanted{Name: helloName, SHA256: digest(t, helloDigest)}); !errors.As(err, &unusable) {
		t.Errorf("Pull = %v, want an UnusableError", err)
	}
	s.Offer(helloName, put(t, s, "hello"), "")
	if err := s.Share(t.Context()); !errors.As(err, &unusable) || !strings.Contains(err.Error(), "no credentials were found") {
		t.Errorf("Share = %v, want an UnusableError", err)
	}
}

func TestDeniedObjectsCountAsAbsent(t *testing.T) {
	t.Parallel()
	b := &bucket{fail: errors.Join(fs.ErrNotExist, fs.ErrPermission)}
	s := open(t).WithRemote(b, false)
	if pull(t, s, helloName) {
		t.Fatal("pulled")
	}
	if words := s.SharedWarnings(); len(words) != 1 || !strings.Contains(words[0], "gave nothing") {
		t.Errorf("warnings %q, want one of a denied object", words)
	}
}

func TestSharingIsSafeAtOnce(t *testing.T) {
	t.Parallel()
	b, s := newBucket(nil), open(t)
	var wg sync.WaitGroup
	for range 4 {
		run := s.WithRemote(b, false)
		for i := range 8 {
			wg.Go(func() {
				content := bytes.Repeat([]byte{byte(i)}, 1000)
				w, err := run.NewWriter()
				if err != nil {
					t.Error(err)
					return
				}
				_, err = w.Write(content)
				d := w.Sum()
				if err = errors.Join(err, w.Commit(d)); err != nil {
					t.Error(err)
				}
				run.Offer(RemoteName(d), d, "")
				_, _, _, pullErr := run.Pull(t.Context(), Wanted{Name: RemoteName(d), SHA256: d})
				if err := errors.Join(pullErr, run.Share(t.Context())); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if len(b.objects) != 8 {
		t.Errorf("the remote holds %d objects, want 8", len(b.objects))
	}
}
