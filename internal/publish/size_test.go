package publish

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// publishing names, in the environment of a process, the publish that it does
// in place of the tests.
const publishing = "LAYERBUILD_TEST_PUBLISHING"

func TestMain(m *testing.M) {
	if order := os.Getenv(publishing); order != "" {
		if err := obey(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// errand is a publish for another process.
type errand struct{ URL, Zip, Bucket, Layer string }

// obey publishes and prints the memory that this took from the system, in bytes.
func obey(order string) error {
	var e errand
	if err := json.Unmarshal([]byte(order), &e); err != nil {
		return err
	}
	p, err := New(context.Background(), Config{
		Region: home, AccessKey: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI",
		Endpoints:      Endpoints{Lambda: e.URL, S3: e.URL, STS: e.URL},
		S3UsePathStyle: true, SkipMetadataAPICheck: new(true),
	})
	if err != nil {
		return err
	}
	zip, err := MeasureZip(context.Background(), e.Zip)
	if err != nil {
		return err
	}
	if _, _, err := p.Publish(context.Background(), Request{LayerName: e.Layer, Zip: zip, Staging: &Staging{Bucket: e.Bucket}}); err != nil {
		return err
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	_, err = fmt.Print(memory.Sys)
	return err
}

// noise writes a zip with n bytes that do not compress.
func noise(t testing.TB, n int64) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "layer.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "python/noise", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, rand.NewChaCha8([32]byte{1}), n); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// Layers of every size are published, by a process of their own, whose memory
// does not grow with a zip that is staged.
func TestEverySizeIsPublished(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		content int64 // bytes in the zip
		parts   int   // 0 where the zip goes into the request
		memory  uint64
	}{
		{"1 byte", 1, 0, 32 << 20},
		{"49 MiB", 49<<20 - 200, 0, 400 << 20},
		{"51 MiB", 51 << 20, 4, 32 << 20},
		{"250 MB", 262_144_000, 16, 32 << 20},
	} {
		a := lambdatest.New(t)
		a.CreateBucket(home, "artifacts", false)
		order, err := json.Marshal(errand{URL: a.URL(), Zip: noise(t, c.content), Bucket: "artifacts", Layer: "deps"})
		if err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), program)
		command.Env = append(os.Environ(), publishing+"="+string(order), "AWS_CONFIG_FILE="+filepath.Join(t.TempDir(), "none"))
		var faults bytes.Buffer
		command.Stderr = &faults
		out, err := command.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.name, err, faults.String())
		}
		var memory uint64
		if _, err := fmt.Sscan(string(out), &memory); err != nil {
			t.Fatalf("%s: %v in %q", c.name, err, out)
		}
		t.Logf("%s: %d bytes of memory", c.name, memory)
		if memory > c.memory {
			t.Errorf("%s: the process took %d bytes of memory, want at most %d", c.name, memory, c.memory)
		}
		live := a.Live(home, "deps")
		if len(live) != 1 || int64(len(live[0].Zip)) < c.content {
			t.Errorf("%s: %d versions, want 1 with all bytes", c.name, len(live))
		}
		if n := len(a.Calls("UploadPart")); n != c.parts {
			t.Errorf("%s: %d parts, want %d", c.name, n, c.parts)
		}
		nothingStaged(t, a, "artifacts")
	}
}
