package provider

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// hugeFile is the size of a sparse file, in bytes. Its digest takes minutes, and it
// needs no space on the disk.
const hugeFile = 1 << 40

// TestCtrlCEndsAScan presses Ctrl-C, which all processes of a terminal get, while a
// huge file is read: in "terraform plan", and in "build" without Terraform.
func TestCtrlCEndsAScan(t *testing.T) {
	t.Parallel()
	dir, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"terraform": {terraformPath(t), "plan", "-no-color"},
		"build":     {filepath.Join(dir, "terraform-provider-layerbuild"), "build", "-f", "package.hcl", "-o", "layer.zip"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, nil)
			const arguments = "runtimes = [\"python3.12\"]\nfiles    = [{ source = \"src\", target = \"python\" }]\n"
			m.write("package.hcl", arguments)
			m.write("main.tf", requiredProvider+"resource \"layerbuild_package\" \"huge\" {\n"+arguments+"}\n")
			m.write("src/huge.bin", "")
			huge := filepath.Join(m.dir, "src", "huge.bin")
			if err := os.Truncate(huge, hugeFile); err != nil {
				t.Fatal(err)
			}
			a := &applying{command: exec.CommandContext(t.Context(), args[0], args[1:]...)}
			a.command.Dir, a.command.Env = m.dir, m.env
			a.command.Stdout, a.command.Stderr = &a.output, &a.output
			a.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := a.command.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = syscall.Kill(-a.command.Process.Pid, syscall.SIGKILL) })
			done := make(chan int, 1)
			go func() { done <- a.wait() }()
			awaitReader(t, a.command.Process.Pid, huge, done)
			pressed := time.Now()
			if err := syscall.Kill(-a.command.Process.Pid, syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			select {
			case code := <-done:
				t.Logf("it ended %s after Ctrl-C", time.Since(pressed).Round(time.Millisecond))
				if code <= 0 {
					t.Errorf("the exit code is %d:\n%s", code, a.output.String())
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it is still there 20 s after Ctrl-C")
			}
			if bytes.Contains(a.output.Bytes(), []byte("panic")) {
				t.Errorf("it says:\n%s", a.output.String())
			}
			if left := groupOf(t, a.command.Process.Pid); len(left) != 0 {
				t.Errorf("processes %v are left", left)
			}
			if left, err := filepath.Glob(filepath.Join(m.home, "cache", "layerbuild", "v1", "tmp", "*")); err != nil || len(left) != 0 {
				t.Errorf("temporary files are left: %q, %v", left, err)
			}
		})
	}
}

// awaitReader waits until a process of the group has the file open.
func awaitReader(t *testing.T, group int, file string, done <-chan int) {
	t.Helper()
	tick, late := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for {
		for _, pid := range groupOf(t, group) {
			open, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
			for _, fd := range open {
				if target, err := os.Readlink(fd); err == nil && target == file {
					return
				}
			}
		}
		select {
		case code := <-done:
			t.Fatalf("it ended with %d before it read the file", code)
		case <-late:
			t.Fatal("the file is not read within a minute")
		case <-tick.C:
		}
	}
}

// groupOf returns the living processes of a process group.
func groupOf(t *testing.T, group int) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range all {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if got, err := syscall.Getpgid(pid); err == nil && got == group {
			pids = append(pids, pid)
		}
	}
	return pids
}
