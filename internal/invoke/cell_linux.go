package invoke

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// shared is the socket between the two halves of a start, after the files of a program.
const shared = 3

// system are the folders of the machine that every cell has.
var system = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/sys", "/nix/store", "/gnu/store"}

// devices are the only ones of the machine that a cell has: no disk is among them.
var devices = []string{"null", "zero", "full", "random", "urandom"}

// start starts this program again in new namespaces, where [Enter] sets up the
// cell and becomes its program. Root needs no user namespace, others do.
func (c *cell) start(log io.Writer, again []string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	const own = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	kinds := []uintptr{own | syscall.CLONE_NEWUSER}
	if os.Geteuid() == 0 {
		kinds = []uintptr{own, own | syscall.CLONE_NEWUSER}
	}
	var faults []error
	for _, flags := range kinds {
		running, err := c.startIn(flags, self, again, log)
		if err == nil {
			return running, nil
		}
		told, ok := errors.AsType[*fault](err)
		switch {
		case ok && told.Of == ofFiles:
			return nil, err
		case ok && told.Of == ofProgram:
			return nil, &UnableError{Lacks: "the interpreter does not start where the handler runs: it needs files of this machine that the handler does not see", Err: err}
		}
		faults = append(faults, err)
	}
	return nil, &UnableError{
		Lacks: "this machine does not let the process have a root file system of its own (mount and user namespaces): containers forbid it by default, and so does AppArmor on Ubuntu (kernel.apparmor_restrict_unprivileged_userns)",
		Err:   errors.Join(faults...),
	}
}

// startIn starts the inner half with the flags of clone(2) and returns when it
// has become the program.
func (c *cell) startIn(flags uintptr, self string, again []string, log io.Writer) (*exec.Cmd, error) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "cell"), os.NewFile(uintptr(pair[1]), "cell")
	cmd := exec.Command(self, again...) //nolint:gosec // this very program
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Setpgid: true}
	if flags&syscall.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := errors.Join(cmd.Start(), theirs.Close()); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	err = errors.Join(json.NewEncoder(ours).Encode(c), syscall.Shutdown(pair[0], syscall.SHUT_WR))
	said, readErr := io.ReadAll(ours)
	err = errors.Join(err, readErr, ours.Close())
	if err == nil && len(said) > 0 {
		var told fault
		if err = json.Unmarshal(said, &told); err == nil {
			err = &told
		}
	}
	if err != nil {
		_ = cmd.Process.Kill() // it is going already
		_ = cmd.Wait()
		return nil, err
	}
	return cmd, nil
}

// fault is what the inner half tells the outer one.
type fault struct {
	Of   string `json:"of"`
	Text string `json:"text"`
}

// A fault is of the machine, of the files that were given, or of the program.
const (
	ofMachine = "machine"
	ofFiles   = "files"
	ofProgram = "program"
)

func (f *fault) Error() string { return f.Text }

// Enter is the inner half of a start: it reads a cell, sets it up, and becomes
// its program. It returns an error alone, which it has told the outer half.
func Enter() error {
	outer := os.NewFile(shared, "cell")
	syscall.CloseOnExec(shared)
	err := enter(outer)
	told, ok := errors.AsType[*fault](err)
	if !ok {
		told = &fault{Of: ofMachine, Text: err.Error()}
	}
	// Where the outer half is gone, the exit status is all that is left.
	_ = json.NewEncoder(outer).Encode(told)
	return err
}

func enter(outer io.Reader) error {
	var c cell
	text, err := io.ReadAll(outer)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return fmt.Errorf("reading the cell: %w", err)
	}
	if err := c.furnish(); err != nil {
		return err
	}
	if err := c.moveIn(); err != nil {
		return err
	}
	err = syscall.Exec(c.Program[0], c.Program, c.Environment) //nolint:gosec // what the cell is for
	return &fault{Of: ofProgram, Text: fmt.Sprintf("starting %q: %v", c.Program[0], err)}
}

// furnish mounts what the cell shows.
func (c *cell) furnish() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("parting from the mounts of the machine: %w", err)
	}
	if err := c.mount("root", "/", "tmpfs", ownFlags, "mode=755"); err != nil {
		return err
	}
	for _, dir := range system {
		if err := c.show(dir); err != nil {
			return err
		}
	}
	if err := c.addDevices(); err != nil {
		return err
	}
	if err := c.mount("tmp", "/tmp", "tmpfs", ownFlags, "mode=1777,size=512m"); err != nil {
		return err
	}
	for _, p := range c.Places {
		if err := c.fill(p); err != nil {
			return err
		}
	}
	// An interpreter may lie below /opt or /tmp of the machine.
	for _, dir := range c.Hosts {
		if err := c.show(dir); err != nil {
			return err
		}
	}
	if err := c.seal(); err != nil {
		return err
	}
	if c.Emulator != "" {
		if err := c.bindFile(c.Emulator, emulator); err != nil {
			return err
		}
		c.Program = append([]string{emulator}, c.Program...)
	}
	if err := c.mount("proc", "/proc", "proc", 0, ""); err != nil {
		// A machine that hides parts of its own lets nobody mount a new one.
		return c.mount("/proc", "/proc", "", syscall.MS_BIND|syscall.MS_REC, "")
	}
	return nil
}

// ownFlags are those of every file system in memory that a cell mounts.
const ownFlags = syscall.MS_NOSUID | syscall.MS_NODEV

// mount mounts a folder, or an empty file system of a kind, on a folder of the cell.
func (c *cell) mount(from, to, kind string, flags uintptr, options string) error {
	at := filepath.Join(c.Root, to)
	if err := os.MkdirAll(at, 0o755); err != nil { //nolint:gosec // as everywhere
		return fmt.Errorf("making %q: %w", to, err)
	}
	if err := syscall.Mount(from, at, kind, flags, options); err != nil {
		return fmt.Errorf("mounting %q on %q: %w", from, to, err)
	}
	return nil
}

// addDevices makes /dev: a few devices, and the names of the open files. Lambda has no
// /dev/shm either.
func (c *cell) addDevices() error {
	if err := c.mount("dev", "/dev", "tmpfs", ownFlags, "mode=755"); err != nil {
		return err
	}
	for _, name := range devices {
		if err := c.bindFile("/dev/"+name, "/dev/"+name); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		if err := os.Symlink(target, filepath.Join(c.Root, "dev", name)); err != nil {
			return fmt.Errorf("making the name of an open file: %w", err)
		}
	}
	return nil
}

// fill furnishes one place. What it unpacks there can be written to until [seal].
func (c *cell) fill(p place) error {
	if p.From != "" {
		return c.bind(p.From, p.To)
	}
	if err := c.mount("files", p.To, "tmpfs", ownFlags, "mode=755"); err != nil {
		return err
	}
	if err := extractAll(filepath.Join(c.Root, p.To), p.Zips); err != nil {
		return &fault{Of: ofFiles, Text: fmt.Sprintf("unpacking into %q: %v", p.To, err)}
	}
	return nil
}

// seal makes the places that were unpacked ones to read alone.
func (c *cell) seal() error {
	for _, p := range c.Places {
		if p.From != "" {
			continue
		}
		if err := syscall.Mount("", filepath.Join(c.Root, p.To), "", ownFlags|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("mounting %q to read alone: %w", p.To, err)
		}
	}
	return nil
}

// emulator is where a cell has the emulator.
const emulator = "/.emulator"

// bindFile mounts a file in the cell, to read alone.
func (c *cell) bindFile(from, to string) error {
	at := filepath.Join(c.Root, to)
	if err := os.WriteFile(at, nil, 0o600); err != nil {
		return fmt.Errorf("making %q: %w", to, err)
	}
	if err := syscall.Mount(from, at, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting %q on %q: %w", from, to, err)
	}
	return c.protect(to)
}

// show makes a folder of the system visible under its own path: as the link that
// it is, or by a mount. An absent one is passed over. What the kernel tells is always
// this machine's.
func (c *cell) show(dir string) error {
	from := dir
	if dir != "/sys" {
		from = filepath.Join(c.System, dir)
	}
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) || c.shown(dir) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("showing %q: %w", dir, err)
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return c.bind(from, dir)
	}
	target, err := os.Readlink(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(filepath.Join(c.Root, dir)), 0o755) //nolint:gosec // as everywhere
	}
	if err == nil {
		err = os.Symlink(target, filepath.Join(c.Root, dir))
	}
	if err != nil {
		return fmt.Errorf("showing %q: %w", dir, err)
	}
	return nil
}

// shown tells whether a folder is visible already.
func (c *cell) shown(dir string) bool {
	if dir == "/" {
		return true // nobody needs the whole machine
	}
	_, err := os.Stat(filepath.Join(c.Root, dir))
	return err == nil
}

// bind mounts a folder in the cell, to read alone.
func (c *cell) bind(from, to string) error {
	if err := c.mount(from, to, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return err
	}
	return c.protect(to)
}

// protect makes a mount of the cell one to read alone.
func (c *cell) protect(to string) error {
	at := filepath.Join(c.Root, to)
	var now syscall.Statfs_t
	if err := syscall.Statfs(at, &now); err != nil {
		return fmt.Errorf("looking at the mount of %q: %w", to, err)
	}
	// In a user namespace, what the machine forbids stays forbidden or the call
	// fails. The flags of statfs(2) and of mount(2) are equal up to noexec.
	const kept = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC
	flags := uintptr(now.Flags)&kept | atimes(now.Flags) | syscall.MS_BIND | syscall.MS_REMOUNT | syscall.MS_RDONLY
	if err := syscall.Mount("", at, "", flags, ""); err != nil {
		return fmt.Errorf("mounting %q to read alone: %w", to, err)
	}
	return nil
}

// atimes returns the flags of mount(2) for those of statfs(2) that say when the
// time of reading is kept.
func atimes(statfs int64) uintptr {
	var flags uintptr
	for from, to := range map[int64]uintptr{0x400: syscall.MS_NOATIME, 0x800: syscall.MS_NODIRATIME, 0x1000: syscall.MS_RELATIME} {
		if statfs&from != 0 {
			flags |= to
		}
	}
	return flags
}

// moveIn makes the cell the root of this process.
func (c *cell) moveIn() error {
	old := filepath.Join(c.Root, ".old")
	err := os.Mkdir(old, 0o700)
	if err == nil {
		err = os.NewSyscallError("pivot_root", syscall.PivotRoot(c.Root, old))
	}
	if err == nil {
		err = os.Chdir("/") //nolint:forbidigo // a process of its own, which becomes the handler
	}
	if err == nil {
		err = os.NewSyscallError("umount", syscall.Unmount("/.old", syscall.MNT_DETACH))
	}
	if err == nil {
		err = os.Remove("/.old")
	}
	if err != nil {
		return fmt.Errorf("moving into the root: %w", err)
	}
	if err := os.Chdir("/var/task"); err != nil { //nolint:forbidigo // as above
		return fmt.Errorf("entering the code: %w", err)
	}
	if err := dropCapabilities(); err != nil {
		return err
	}
	const noNewPrivileges = 38 // prctl(2), PR_SET_NO_NEW_PRIVS
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, noNewPrivileges, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("giving up further privileges: %w", errno)
	}
	return nil
}

// dropCapabilities takes from the program what root may do (capabilities(7)), as it
// runs code of others: all but reading files of any user, which root is used to.
func dropCapabilities() error {
	const (
		drop       = 24 // prctl(2), PR_CAPBSET_DROP
		readSearch = 2  // CAP_DAC_READ_SEARCH
		most       = 64
	)
	for capability := range uintptr(most) {
		if capability == readSearch {
			continue
		}
		switch _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, drop, capability, 0); errno {
		case 0:
		case syscall.EINVAL:
			return nil // the kernel knows no more
		default:
			return fmt.Errorf("giving up capability %d: %w", capability, errno)
		}
	}
	return nil
}
