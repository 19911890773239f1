// SPDX-License-Identifier: Apache-2.0
// Wiring only: the browser's parts, given to ours.
import './ui/style.css';

import { mount } from 'svelte';

import { Call } from './call/call';
import { LocalMedia, type Devices } from './media/local-media';
import { MediaSession } from './media/media-session';
import { RtcPeerLink } from './media/rtc-peer-link';
import { SharedScreen, type Screens } from './media/shared-screen';
import { Connection } from './signaling/connection';
import { openSession, type Session, type SessionPort } from './signaling/session-api';
import App from './ui/App.svelte';
import { language, setLanguage } from './ui/i18n.svelte';

/** Roles whose camera and microphone belong to the meeting; the others watch. */
const SPEAKING_ROLES: readonly string[] = ['chair', 'delegate', 'interpreter'];

const sessionPort: SessionPort = {
  fetch: (path, init) => fetch(path, init),
  get fragment() {
    return location.hash;
  },
  clearFragment: () => {
    history.replaceState(null, '', location.pathname + location.search);
  },
};

function createSocket(): WebSocket {
  const address = new URL('ws', location.href);
  address.protocol = location.protocol === 'http:' ? 'ws:' : 'wss:';
  address.hash = '';
  return new WebSocket(address, ['rong.v1']);
}

function createCall(session: Session): Call {
  const connection = new Connection({
    createSocket,
    client: { name: 'rong-web', version: __VERSION__ },
  });
  const media = new MediaSession({
    createLink: (tracks) => new RtcPeerLink(tracks),
    sendOffer: (meeting, sdp) => connection.request('media.offer', { meeting, sdp }),
  });
  // The type promises it, a page without https does not have it.
  const devices = navigator.mediaDevices as Devices | undefined;
  const local = SPEAKING_ROLES.includes(session.role) ? new LocalMedia(devices) : null;
  const screens = devices as Partial<Screens> | undefined; // telephones have none
  const screen = new SharedScreen(screens?.getDisplayMedia ? navigator.mediaDevices : undefined);
  const call = new Call({ role: session.role, connection, media, local, screen });
  window.addEventListener('online', () => {
    call.retryNow();
  });
  return call;
}

// A link opened in a page that is already there changes only the fragment.
window.addEventListener('hashchange', () => {
  if (location.hash.includes('link=')) location.reload();
});

setLanguage(language());
const target = document.getElementById('app');
if (target) mount(App, { target, props: { enter: () => openSession(sessionPort), createCall } });
