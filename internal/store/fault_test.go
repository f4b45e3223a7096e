package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A child is this test binary, started anew to be killed, starved or raced. The
// variable names what it does, its arguments follow in others.
const (
	childTask  = "STORE_TEST_CHILD"
	childStore = "STORE_TEST_DIR"
)

func TestMain(m *testing.M) {
	task := os.Getenv(childTask)
	if task == "" {
		os.Exit(m.Run())
	}
	run := children[task]
	if run == nil {
		run = systemChildren[task]
	}
	if err := run(os.Getenv(childStore)); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

var children = map[string]func(dir string) error{
	"insert": childInserts,
	"hang":   childHangs,
	"lock":   childLocks,
	"parent": childTellsParent,
}

// bigContent is 4 MiB that every process can make.
func bigContent() []byte {
	b := make([]byte, 4<<20)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(b)
	return b
}

func startChild(t *testing.T, task, dir string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childTask+"="+task, childStore+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

func childInserts(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	w, err := s.NewWriter()
	if err != nil {
		return err
	}
	content := bigContent()
	for len(content) > 0 {
		n := min(len(content), 64<<10)
		if _, err := w.Write(content[:n]); err != nil {
			return err
		}
		content = content[n:]
		fmt.Println(len(content), "bytes to go")
	}
	d := w.Sum()
	if err := w.Commit(Digest{}); err != nil {
		return err
	}
	fmt.Println("committed")
	return s.Verify(context.Background(), d)
}

func TestEightProcessesInsertOneBlob(t *testing.T) {
	t.Parallel()
	s := open(t)
	want := Sum(bigContent())
	var wg sync.WaitGroup
	for range 8 {
		cmd, out := startChild(t, "insert", s.Dir())
		wg.Go(func() {
			text, _ := io.ReadAll(out)
			if err := cmd.Wait(); err != nil {
				t.Errorf("child: %v: %s", err, text)
			}
		})
	}
	wg.Wait()
	if err := s.Verify(t.Context(), want); err != nil {
		t.Error(err)
	}
	if n := litter(t, s); n != 0 {
		t.Errorf("%d temporary files left, want none", n)
	}
}

// childHangs writes half a blob and a record beside it, then waits to be killed.
func childHangs(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	w, err := s.NewWriter()
	if err != nil {
		return err
	}
	content := bigContent()
	if _, err := w.Write(content[:len(content)/2]); err != nil {
		return err
	}
	unlock, err := s.Lock(context.Background(), "key")
	if err != nil {
		return err
	}
	// The garbage collector closes files that nobody uses any more, and their
	// locks go with them.
	defer runtime.KeepAlive(w)
	defer runtime.KeepAlive(unlock)
	fmt.Println("ready", w.File().Name())
	select {}
}

// TestKilledWriterLeavesAUsableStore is not parallel, as those of Trim are not.
func TestKilledWriterLeavesAUsableStore(t *testing.T) {
	s := open(t)
	cmd, out := startChild(t, "hang", s.Dir())
	line, err := out.ReadString('\n')
	path, ready := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ready {
		t.Fatalf("child said %q, %v", line, err)
	}
	age(t, path, 48*time.Hour)
	if got, err := s.Trim(t.Context(), 0, 0); err != nil || got.Swept != 0 {
		t.Errorf("Trim beside a living writer = %+v, %v", got, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	unlock, err := s.Lock(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if s.Has(Sum(bigContent()), -1) {
		t.Error("half a blob is in the store")
	}
	if got, err := s.Trim(t.Context(), 0, 0); err != nil || got.Swept != 1 {
		t.Errorf("Trim after the kill = %+v, %v, want one file swept", got, err)
	}
	put(t, s, string(bigContent()))
}

// TestKilledAtAnyMoment kills inserting processes after ever more of what they write:
// the blob is absent or whole, never half.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	s := open(t)
	want := Sum(bigContent())
	absent, whole := 0, 0
	const lines = 4<<20/(64<<10) + 1 // that a process says which is not killed
	for n := 0; n <= lines; n += 5 {
		cmd, out := startChild(t, "insert", s.Dir())
		for range n {
			if _, err := out.ReadString('\n'); err != nil {
				t.Fatalf("the child ended by itself: %v", err)
			}
		}
		_ = cmd.Process.Kill() // it may have ended
		_, _ = io.ReadAll(out)
		_ = cmd.Wait()
		switch err := s.Verify(t.Context(), want); {
		case err == nil:
			whole++
		case errors.Is(err, os.ErrNotExist):
			absent++
		default:
			t.Errorf("after %d lines: %v", n, err)
		}
		if err := s.Evict(want); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("absent %d times, whole %d times", absent, whole)
	if whole == 0 {
		t.Error("the blob of a process that was not hindered is not there")
	}
}

// childLocks raises a number in a file, under the lock.
func childLocks(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "number")
	for range 25 {
		unlock, err := s.Lock(context.Background(), "number")
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(text))
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(strconv.Itoa(n+1)), 0o644); err != nil {
			return err
		}
		if err := unlock(); err != nil {
			return err
		}
	}
	return nil
}

func TestLockExcludesProcesses(t *testing.T) {
	t.Parallel()
	s := open(t)
	path := filepath.Join(s.Dir(), "number")
	if err := os.WriteFile(path, []byte("0"), 0o644); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		cmd, out := startChild(t, "lock", s.Dir())
		wg.Go(func() {
			text, _ := io.ReadAll(out)
			if err := cmd.Wait(); err != nil {
				t.Errorf("child: %v: %s", err, text)
			}
		})
	}
	wg.Wait()
	if text, err := os.ReadFile(path); err != nil || string(text) != "100" {
		t.Errorf("number = %q, %v, want 100", text, err)
	}
}
