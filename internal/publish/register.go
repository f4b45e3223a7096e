package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lifecycle"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// registers keeps the lifecycle.Register of each layer: in files below a folder,
// so that every run on a machine sees what the ones before saw, and in memory
// where no folder is named or it cannot be used. It is safe for concurrent use,
// also by other processes.
type registers struct {
	dir string // the cache directory; "" is none

	mu    sync.Mutex
	store *store.Store
	slots map[string]*slot // by layer ARN
}

// slot is one layer's register, where it is kept in memory, and the right to it
// within this process.
type slot struct {
	mu       sync.Mutex
	register lifecycle.Register
}

// Register calls see with the register of the layer with the ARN, and keeps what
// see makes of it where it returns true. Nobody else changes it meanwhile: see
// may call AWS. An error is that of see, or of a register that cannot be kept.
func (p *Publisher) Register(ctx context.Context, layerARN string, see func(*lifecycle.Register) (changed bool, err error)) error {
	r := &p.registers
	mine := r.slot(layerARN)
	mine.mu.Lock()
	defer mine.mu.Unlock()
	files := r.open()
	if files == nil {
		_, err := see(&mine.register)
		return err
	}
	unlock, err := files.Lock(ctx, "register/"+layerARN)
	if err != nil {
		return fmt.Errorf("opening the register of %s: %w", layerARN, err)
	}
	err = r.update(layerARN, see)
	return errors.Join(err, unlock())
}

func (r *registers) slot(layerARN string) *slot {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots == nil {
		r.slots = map[string]*slot{}
	}
	if r.slots[layerARN] == nil {
		r.slots[layerARN] = &slot{}
	}
	return r.slots[layerARN]
}

// open makes the folder at the first use. It returns nil on a machine without a
// usable cache, which keeps its registers in memory.
func (r *registers) open() *store.Store {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.store != nil || r.dir == "" {
		return r.store
	}
	opened, err := store.Open(r.dir)
	if err != nil || os.MkdirAll(r.folder(), 0o777) != nil {
		r.dir = ""
		return nil
	}
	r.store = opened
	return r.store
}

func (r *registers) folder() string { return filepath.Join(r.dir, "v1", "registers") }

// update reads, changes and writes one register. The lock is held.
func (r *registers) update(layerARN string, see func(*lifecycle.Register) (bool, error)) error {
	file := filepath.Join(r.folder(), store.Sum([]byte(layerARN)).Hex()+".json")
	register := &lifecycle.Register{}
	body, err := os.ReadFile(file)
	if err == nil && json.Unmarshal(body, register) != nil {
		register = &lifecycle.Register{} // of another release: what runs see fills it again
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the register of %s: %w", layerARN, err)
	}
	changed, err := see(register)
	if !changed {
		return err
	}
	return errors.Join(err, writeRegister(file, register))
}

// writeRegister replaces the file by a rename.
func writeRegister(file string, register *lifecycle.Register) error {
	body, err := json.Marshal(register)
	if err != nil {
		return fmt.Errorf("writing the register %q: %w", file, err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), "new-*")
	if err != nil {
		return fmt.Errorf("writing the register %q: %w", file, err)
	}
	_, err = f.Write(body)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the register %q: %w", file, err), os.Remove(f.Name()))
	}
	return nil
}

// point registers that the holder points at a version from now on.
func (p *Publisher) point(ctx context.Context, holder string, v Version) error {
	if holder == "" {
		return nil
	}
	return p.Register(ctx, v.LayerARN, func(r *lifecycle.Register) (bool, error) {
		return r.Point(holder, lifecycle.Mark{Number: v.Number, Created: CreatedAt(v.CreatedDate)}), nil
	})
}

// CreatedAt reads a date in the form of AWS; one that cannot be read is zero.
func CreatedAt(date string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.000-0700", date)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
