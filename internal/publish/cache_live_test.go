//go:build live

package publish

import (
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func TestMotoSharesBlobs(t *testing.T) {
	t.Parallel()
	shareOver(t, moto(t))
}

func TestMiniStackSharesBlobs(t *testing.T) {
	t.Parallel()
	shareOver(t, miniStack(t))
}

// shareOver lets two machines at once share blobs, then a third take them, and
// replaces one that somebody changed.
func shareOver(t *testing.T, url string) {
	t.Helper()
	p := livePublisher(t, url)
	s, err := p.client.Connect(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.S3(home).CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("cache"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: home},
	}); err != nil {
		t.Fatal(err)
	}
	contents := []string{"small", strings.Repeat("0123456789abcdef", 1<<18)}
	var wg sync.WaitGroup
	for range 2 {
		machine := newMachine(t, p)
		for _, content := range contents {
			keep(t, machine, content)
		}
		wg.Go(func() {
			if err := machine.Share(t.Context()); err != nil {
				t.Error(err)
			}
			if words := machine.SharedWarnings(); len(words) != 0 {
				t.Errorf("warnings: %q", words)
			}
		})
	}
	wg.Wait()
	third := newMachine(t, p)
	for _, content := range contents {
		if !taken(t, third, content) {
			t.Errorf("a blob of %d bytes did not come", len(content))
		}
	}
	if taken(t, third, "never shared") {
		t.Error("a blob came that nobody shared")
	}
	name := store.RemoteName(store.Sum([]byte("small")))
	if err := p.Cache(CacheConfig{Bucket: "cache", Prefix: "layerbuild/"}).Put(t.Context(), name, cached("forged"), true); err != nil {
		t.Fatal(err)
	}
	fourth := newMachine(t, p)
	if taken(t, fourth, "small") {
		t.Error("a forged blob was taken")
	}
	keep(t, fourth, "small")
	if err := fourth.Share(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !taken(t, newMachine(t, p), "small") {
		t.Error("the forged blob was not replaced")
	}
}

// newMachine returns the empty store of a machine that shares the bucket.
func newMachine(t *testing.T, p *Publisher) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s.WithRemote(p.Cache(CacheConfig{Bucket: "cache", Prefix: "layerbuild/"}), false)
}

// keep puts content into the store and offers it.
func keep(t *testing.T, s *store.Store, content string) {
	t.Helper()
	w, err := s.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	d := w.Sum()
	if err := w.Commit(d); err != nil {
		t.Fatal(err)
	}
	s.Offer(store.RemoteName(d), d, "")
}

// taken reports whether the content came out of the bucket.
func taken(t *testing.T, s *store.Store, content string) bool {
	t.Helper()
	want := store.Sum([]byte(content))
	d, _, ok, err := s.Pull(t.Context(), store.Wanted{Name: store.RemoteName(want), SHA256: want})
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return false
	}
	got, err := os.ReadFile(s.Path(d))
	if err != nil || string(got) != content {
		t.Errorf("the store holds %d bytes (%v), want %d", len(got), err, len(content))
	}
	return true
}
