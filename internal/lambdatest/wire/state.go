package wire

import (
	"sync"
	"sync/atomic"
	"time"
)

// State is what the services share: one lock, a clock, and numbers.
type State struct {
	mu     sync.Mutex
	serial int
	clock  atomic.Pointer[func() time.Time] // nil is the machine's
}

// Lock holds all services still until Unlock.
func (s *State) Lock() { s.mu.Lock() }

// Unlock ends what Lock began.
func (s *State) Unlock() { s.mu.Unlock() }

// Next returns a number that was never returned before. The state is locked.
func (s *State) Next() int {
	s.serial++
	return s.serial
}

// SetClock sets what dates what is made from now on.
func (s *State) SetClock(clock func() time.Time) { s.clock.Store(&clock) }

// Now is the time by the clock.
func (s *State) Now() time.Time {
	if clock := s.clock.Load(); clock != nil {
		return (*clock)()
	}
	return time.Now()
}
