package wire

import (
	"sync"
	"time"
)

// State is what the services share: one lock, a clock, and numbers.
type State struct {
	sync.Mutex // holds all services still
	serial     int
	clock      func() time.Time // nil is the machine's
}

// Next returns a number that was never returned before. The state is locked.
func (s *State) Next() int {
	s.serial++
	return s.serial
}

// SetClock sets what dates what is made from now on.
func (s *State) SetClock(clock func() time.Time) {
	s.Lock()
	defer s.Unlock()
	s.clock = clock
}

// Now is the time by the clock. The state is locked.
func (s *State) Now() time.Time {
	if s.clock == nil {
		return time.Now()
	}
	return s.clock()
}
