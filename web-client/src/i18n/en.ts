// SPDX-License-Identifier: Apache-2.0
import type { Catalogue } from './vi';

export const en: Catalogue = {
  'app.name': 'Rông',
  'app.tagline': 'The online meeting house of Gia Lai province',
  'app.language': 'Language',
  'app.loading': 'Opening the meeting…',
  'app.waiting_roster': 'Receiving the list of rooms…',

  'entry.title': 'You are not in the meeting yet',
  'entry.continue': 'Enter the meeting as {name}',
  'entry.signed_in': 'This browser still has the session of {name} ({role}).',
  'entry.retry': 'Try again',
  'entry.take_over': 'Use it here',
  'entry.code': 'Code: {code}',

  'role.chair': 'Chair',
  'role.secretary': 'Secretary',
  'role.technician': 'Technician',
  'role.delegate': 'Delegate',
  'role.interpreter': 'Interpreter',
  'role.room': 'Room',
  'role.mcu': 'Conference server',
  'role.admin': 'Administrator',

  'meeting.planned': 'Not open yet',
  'meeting.open': 'In session',
  'meeting.ended': 'Ended',
  'meeting.none': 'This link belongs to no meeting: ask for the link of the one to look after.',
  'meeting.ended_title': 'The meeting has ended',
  'meeting.ended_text': 'Thank you. You can close this page.',
  'meeting.end': 'End meeting',
  'meeting.end_title': 'End the meeting?',
  'meeting.end_text':
    'Every room loses picture and sound. A meeting that has ended cannot be opened again.',
  'meeting.end_confirm': 'End it',
  'meeting.end_cancel': 'Go on',
  'meeting.mute_all': 'Mute all',

  'connection.lost':
    'The connection to the server is lost; the page reconnects by itself. Picture and sound go on.',
  'connection.retry': 'Connect now',

  'media.waiting': 'Waiting for the conference server…',
  'media.connecting': 'Opening picture and sound…',
  'media.connected': 'Picture and sound are fine',
  'media.failed': 'Picture and sound are lost; reconnecting…',

  'stage.label': 'Stage: the common picture of the meeting',
  'stage.unmute': 'Turn sound on',
  'stage.unmute_hint': 'The browser waits for one click before it plays sound.',
  'stage.fullscreen': 'Full screen',

  'floor.title': 'Has the floor',
  'floor.none': 'Nobody has the floor',
  'floor.none_hint': 'Press “Give” at a room or in the queue.',
  'floor.grant': 'Give',
  'floor.grant_label': 'Give the floor to {name}',
  'floor.release': 'Take',
  'floor.release_label': 'Take the floor back from {name}',
  'floor.release_long': 'Take the floor back',
  'floor.holds': 'Has the floor',
  'floor.ask': 'Ask for the floor',
  'floor.withdraw': 'Withdraw the request',
  'floor.yield': 'I have finished',
  'floor.yours': 'You have the floor, your microphone is open.',
  'floor.position': 'Waiting, number {position} of {length}',
  'floor.announce_granted': '{name} has the floor.',
  'floor.announce_free': 'Nobody has the floor any more.',

  'queue.title': 'Asking for the floor',
  'queue.empty': 'Nobody asks for the floor.',
  'queue.waiting': 'waiting {time}',
  'queue.announce': '{name} asks for the floor, number {position}.',

  'roster.title': 'Rooms',
  'roster.search': 'Find by name',
  'roster.only_asking': 'Asking',
  'roster.only_absent': 'Absent',
  'roster.all': 'All',
  'roster.summary': '{present}/{total} present',
  'roster.asking': '{count} asking',
  'roster.nothing': 'No room matches.',
  'roster.people': 'People with a link',
  'roster.province': 'Provincial room',
  'roster.others': 'Other rooms',
  'roster.collapse': 'Collapse all',
  'roster.expand': 'Expand all',
  'roster.you': 'you',

  'state.connected': 'Has picture and sound',
  'state.present': 'Here, no picture yet',
  'state.absent': 'Absent',
  'state.asking': 'Asks for the floor, number {position}, waiting {time}',
  'state.on_stage': 'On stage',

  'mute.close_label': 'Mute {name}',
  'mute.open_label': 'Unmute {name}',
  'mute.is_open': 'The microphone is open',
  'mute.is_closed': 'The microphone is closed',

  'self.microphone_on': 'Microphone: on',
  'self.microphone_off': 'Microphone: off',
  'self.microphone_wait': 'Microphone: waiting',
  'self.camera_on': 'Camera: on',
  'self.camera_off': 'Camera: off',
  'self.microphone_closed': 'The chair keeps your microphone closed.',
  'self.receive_only': 'Watching and listening only',

  'capture.both': 'Camera and microphone cannot be used',
  'capture.audio': 'The microphone cannot be used',
  'capture.video': 'The camera cannot be used',
  'capture.denied':
    'the browser blocks it. Press the padlock beside the address, allow it, then reload the page.',
  'capture.missing': 'this computer has none. Plug one in, the page will notice.',
  'capture.busy': 'another program uses it. Close that program, then reload the page.',
  'capture.insecure': 'the page was not opened by https. Open it again by the link you were sent.',

  'readiness.title': 'Readiness of the rooms',
  'readiness.ready': 'Ready',
  'readiness.no_media': 'The box is here without a picture: look at its network and its log.',
  'readiness.absent': 'The box is not here: look at its power and its line.',
  'readiness.device': 'the device does not answer, look at its power and cable.',
  'readiness.scene': 'The scene could not be set, look at the log of the box.',
  'readiness.count': '{ready}/{total} ready',

  'error.close': 'Close the message',
  'error.unknown':
    'Something failed. Try again; if it fails again, call a technician and read out code {code}.',
  'error.more': '{text} If it fails again, call a technician and read out code {code}.',
  'error.net.lost':
    'There is no connection to the server now: wait for the page to reconnect, then press again.',
  'error.net.timeout': 'The server took too long to answer: press again.',
  'error.net.unreachable':
    'The server cannot be reached: check the cable or Wi-Fi, then press “Try again”.',
  'error.net.bad_answer':
    'The server gave a wrong answer: reload the page; if it stays, call a technician.',
  'error.link.unknown':
    'This link is not valid: open the whole link you were sent, or ask the secretary for a new one.',
  'error.link.used':
    'This link was used already, each opens once only: ask the secretary for a new one.',
  'error.link.expired': 'This link has expired: ask the secretary for a new one.',
  'error.auth.required':
    'This page needs an invitation link: open the one the secretary sent, or ask for a new one.',
  'error.auth.forbidden': 'Your role may not do this: ask the chair.',
  'error.auth.replaced':
    'This meeting was just opened in another window: use that one, or press “Use it here”.',
  'error.proto.version': 'This page is older than the server: reload the page.',
  'error.proto.rate': 'Too fast: wait a few seconds and press again.',
  'error.meeting.unknown':
    'This meeting does not exist any more: ask the secretary for the link of the new one.',
  'error.meeting.not_open': 'The meeting has not begun or has ended, so this cannot be done.',
  'error.meeting.ended': 'The meeting has ended, this cannot be done any more.',
  'error.member.unknown': 'This room is not in the meeting any more.',
  'error.floor.not_allowed': 'The floor cannot be asked for now: wait until the meeting opens.',
  'error.floor.already_held': 'This room has the floor already.',
  'error.floor.not_queued': 'No longer in the queue.',
  'error.floor.not_held': 'This room does not have the floor any more.',
  'error.media.no_mcu':
    'The conference server is not ready; the page tries again. If it takes over a minute, call a technician.',
  'error.media.timeout':
    'The conference server did not answer; the page tries again. If it takes over a minute, call a technician.',
  'error.media.no_codec': 'This browser has no H.264 codec: use a recent Chrome, Edge or Chromium.',
};
