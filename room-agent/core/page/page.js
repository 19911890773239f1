'use strict';
// The room's own page. It asks this box for its state, and nobody else for anything. Its types are the
// contract's: `make check` runs tsc over it.

/** @typedef {import('../../../web-client/src/protocol/messages.gen').LocalPage} Page */
/** @typedef {import('../../../web-client/src/protocol/messages.gen').LocalAction} Action */
/** @typedef {import('../../../web-client/src/protocol/messages.gen').Device} Device */
/** @typedef {import('../../../web-client/src/protocol/messages.gen').Language} Language */
/** @typedef {typeof texts.vi} Texts */
/** @typedef {{ kind: string, text: string, id?: string }} Item */

const REFRESH_MS = 700;

const texts = {
    vi: {
        other: 'English',
        ask: 'Xin phát biểu',
        withdraw: 'Rút đăng ký',
        yield: 'Kết thúc phát biểu',
        noMeeting: 'Hiện không có cuộc họp',
        queued: (/** @type {number} */ position, /** @type {number} */ length) =>
            `Đang chờ đến lượt: thứ ${position} trong ${length}`,
        granted: 'Đang phát biểu',
        open: 'Micrô đang mở',
        links: 'Kết nối',
        devices: 'Thiết bị',
        hear: 'Nghe bằng tiếng',
        languages: { floor: 'Tiếng trong hội trường', jrai: 'Jrai', bahnar: 'Bahnar' },
        scenes: 'Khung cảnh',
        sceneState: {
            applying: 'đang đặt…',
            confirmed: 'đã đặt xong',
            failed: 'chưa đặt được',
        },
        centreUp: 'Trung tâm: đã kết nối',
        centreDown: 'Trung tâm: mất kết nối, phòng họp đang tự vận hành và tự nối lại',
        boxDown: 'Hộp phòng họp không trả lời',
        media: {
            off: 'Hình và tiếng: chưa có',
            connecting: 'Hình và tiếng: đang kết nối',
            connected: 'Hình và tiếng: tốt',
            failed: 'Hình và tiếng: mất, đang nối lại',
        },
        device: {
            unknown: 'chưa rõ',
            connecting: 'đang kết nối',
            up: 'hoạt động tốt',
            down: 'mất kết nối',
            fault: 'có lỗi',
        },
        scene: {
            idle: 'Nghỉ',
            meeting: 'Họp',
            floor: 'Phát biểu',
            content: 'Trình chiếu',
            ended: 'Kết thúc',
        },
        fault: (/** @type {Device} */ device) => device.text ?? '',
        sceneFault: (/** @type {Page} */ page) =>
            `Chưa đặt được khung cảnh: ${page.scene_fault ?? ''}`,
        byHand: 'Đặt khung cảnh bằng tay',
        none: 'Không có thiết bị nào',
    },
    en: {
        other: 'Tiếng Việt',
        ask: 'Ask for the floor',
        withdraw: 'Withdraw',
        yield: 'Give the floor back',
        noMeeting: 'There is no meeting now',
        queued: (/** @type {number} */ position, /** @type {number} */ length) =>
            `Waiting: ${position} of ${length} in the queue`,
        granted: 'You have the floor',
        open: 'The microphone is open',
        links: 'Connections',
        devices: 'Devices',
        hear: 'Language heard',
        languages: { floor: 'As spoken in the hall', jrai: 'Jrai', bahnar: 'Bahnar' },
        scenes: 'Scene',
        sceneState: { applying: 'being set…', confirmed: 'set', failed: 'not set' },
        centreUp: 'Centre: connected',
        centreDown: 'Centre: not connected; the room works on its own and keeps trying',
        boxDown: 'The box of this room does not answer',
        media: {
            off: 'Picture and sound: none yet',
            connecting: 'Picture and sound: connecting',
            connected: 'Picture and sound: good',
            failed: 'Picture and sound: lost, reconnecting',
        },
        device: {
            unknown: 'unknown',
            connecting: 'connecting',
            up: 'working',
            down: 'not connected',
            fault: 'fault',
        },
        scene: {
            idle: 'Idle',
            meeting: 'Meeting',
            floor: 'Speaking',
            content: 'Presentation',
            ended: 'Ended',
        },
        fault: (/** @type {Device} */ device) => faultText(device.code) ?? device.code ?? '',
        sceneFault: (/** @type {Page} */ page) =>
            `The scene is not set: ${page.scene_fault_at}: ${faultText(page.scene_fault_code) ?? ''}`,
        byHand: 'Set a scene by hand',
        none: 'No devices',
    },
};

/** @type {Record<string, string>} */
const faults = {
    'device.unsupported': 'The device can not do this: take the line out of the scene.',
    'device.bad_value': 'The device refused the value: mend it in the scene.',
    'device.offline': 'The device can not be reached: check its power and network cable.',
    'device.timeout': 'The device does not answer: switch it off and on.',
    'device.busy': 'The device is busy: wait a few seconds and try again.',
    'device.not_now': 'The device can not do it now: end its standby or close its menu.',
    'device.refused': "The device refused the login: check the password in the box's settings.",
    'device.untrusted':
        'The device shows another certificate than the one in the settings: see that it is the right device, then write its fingerprint anew.',
    'device.locked':
        'Another program holds the device: close NovaLCT or SmartLCT on the computer.',
    'device.bad_answer':
        'The device answered nonsense: check its driver and address in the settings.',
    'device.fault':
        "The device reports a fault: check the cabinets' cables, fans and power, and look for smoke.",
    'device.unverified':
        'The device said done, but reads back otherwise: try again, then switch it off and on.',
    'device.misconfigured':
        "The box's settings are wrong: the address, port or device file can not be used.",
};

const faultText = (/** @type {string | undefined} */ code) => (code ? faults[code] : undefined);

/** @param {string} id */
function byId(id) {
    const found = document.getElementById(id);
    if (!found) throw new Error(`page.html has no ${id}`);
    return found;
}

const buttonsOf = (/** @type {string} */ id) =>
    /** @type {NodeListOf<HTMLButtonElement>} */ (byId(id).querySelectorAll('button'));

/**
 * Only what differs: a screen reader says again what is written again.
 * @param {string} id
 * @param {string} text
 */
function write(id, text) {
    if (byId(id).textContent !== text) byId(id).textContent = text;
}

/** @type {'vi' | 'en'} */
let language = localStorage.getItem('language') === 'en' ? 'en' : 'vi';
/** @type {Page | null} */
let state = null;
let isBusy = false;

/**
 * Written again only when it differs, so that a screen reader keeps its place.
 * @type {Record<string, string>}
 */
const written = {};

/**
 * @param {string} id
 * @param {Item[]} items
 */
function list(id, items) {
    const text = JSON.stringify(items);
    if (written[id] === text) return;
    written[id] = text;
    byId(id).replaceChildren(
        ...items.map(({ kind, text, id: testId }) => {
            const item = document.createElement('li');
            item.className = kind;
            item.textContent = text;
            if (testId) item.dataset.testid = testId;
            return item;
        }),
    );
}

/**
 * @param {Device} device
 * @returns {Item}
 */
function deviceItem(device) {
    const t = texts[language];
    const kinds = { unknown: 'wait', connecting: 'wait', up: 'good', down: 'bad', fault: 'bad' };
    const kind = kinds[device.state];
    const fault = t.fault(device);
    return {
        kind,
        id: `device-${device.id}`,
        text: `${device.id}: ${t.device[device.state]}${fault ? `. ${fault}` : ''}`,
    };
}

/** @returns {Action['action'] & keyof Labels} */
function nextAction() {
    if (state?.floor === 'granted') return 'floor_yield';
    return state?.floor === 'queued' ? 'floor_withdraw' : 'floor_request';
}

/** @typedef {{ floor_request: string, floor_withdraw: string, floor_yield: string }} Labels */

/** @param {Texts} t */
function showButton(t) {
    const button = /** @type {HTMLButtonElement} */ (byId('ask'));
    /** @type {Labels} */
    const labels = { floor_request: t.ask, floor_withdraw: t.withdraw, floor_yield: t.yield };
    button.textContent = labels[nextAction()];
    button.className = state?.floor ?? '';
    button.disabled = !state?.meeting || state.signal !== 'connected';
}

function show() {
    const t = texts[language];
    document.documentElement.lang = language;
    write('language', t.other);
    byId('language').lang = language === 'vi' ? 'en' : 'vi';
    write('links-title', t.links);
    write('devices-title', t.devices);
    write('scenes-title', t.scenes);
    write('hear-title', t.hear);
    showButton(t);
    if (!state) {
        list('links', [{ kind: 'bad', text: t.boxDown }]);
        return;
    }
    document.title = `${state.name} · Rông`;
    write('name', state.name || state.room);
    write('meeting', state.meeting ? (state.title ?? state.meeting) : t.noMeeting);
    const floor = {
        none: state.microphone === 'open' ? t.open : '',
        queued: t.queued(state.position, state.queue_length),
        granted: t.granted,
    };
    write('floor', floor[state.floor]);
    const isUp = state.signal === 'connected';
    const mediaKinds = { off: 'wait', connecting: 'wait', connected: 'good', failed: 'bad' };
    const mediaKind = mediaKinds[state.media];
    const reason = language === 'vi' && state.media_reason ? `. ${state.media_reason}` : '';
    list('links', [
        { kind: isUp ? 'good' : 'bad', text: isUp ? t.centreUp : t.centreDown, id: 'link-centre' },
        { kind: mediaKind, text: t.media[state.media] + reason, id: 'link-media' },
    ]);
    const devices = state.devices.map(deviceItem);
    list('devices', devices.length ? devices : [{ kind: 'wait', text: t.none }]);
    byId('hear').hidden = !state.hears;
    for (const button of buttonsOf('hear-buttons')) {
        button.textContent = t.languages[/** @type {Language} */ (button.dataset.hear)];
        button.disabled = !isUp;
        button.setAttribute('aria-pressed', String(button.dataset.hear === state.hears));
    }
    showScenes(t, state, isUp);
    if (!isBusy && state.scene_state === 'failed')
        showFault(t.sceneFault(state), 'scene');
    else if (byId('fault').dataset.kind === 'scene') showFault('', '');
}

/**
 * @param {Texts} t
 * @param {Page} page
 * @param {string} scene
 */
function sceneLabel(t, page, scene) {
    const declared = (page.buttons ?? []).find(({ name }) => name === scene);
    /** @type {Record<string, string>} */
    const ofEvents = t.scene;
    return ofEvents[scene] ?? declared?.label ?? scene;
}

/**
 * The room's own buttons always; those of events only while the centre can not set them.
 * @param {Texts} t
 * @param {Page} page
 * @param {boolean} isUp
 */
function showScenes(t, page, isUp) {
    const names = (page.buttons ?? []).map(({ name }) => name);
    const shown = isUp ? names : [...Object.keys(t.scene), ...names];
    const set =
        page.scene && page.scene_state
            ? `${sceneLabel(t, page, page.scene)}: ${t.sceneState[page.scene_state]}`
            : '';
    write('scene', set);
    byId('scene-buttons').hidden = shown.length === 0;
    byId('scene-buttons').setAttribute('aria-label', t.byHand);
    if (written.scenes !== shown.join()) {
        written.scenes = shown.join();
        byId('scene-buttons').replaceChildren(...shown.map(newSceneButton));
    }
    for (const button of buttonsOf('scene-buttons')) {
        const label = sceneLabel(t, page, button.dataset.scene ?? '');
        if (button.textContent !== label) button.textContent = label;
        button.setAttribute('aria-pressed', String(button.dataset.scene === page.scene));
    }
}

/** @param {string} scene */
function newSceneButton(scene) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.scene = scene;
    button.dataset.testid = `scene-${scene}`;
    button.addEventListener('click', () => act({ action: 'scene', scene }));
    return button;
}

/**
 * @param {string} text
 * @param {'' | 'scene' | 'action'} kind
 */
function showFault(text, kind) {
    write('fault', text);
    byId('fault').dataset.kind = kind;
}

async function refresh() {
    try {
        const reply = await fetch('/api/state', { signal: AbortSignal.timeout(3000) });
        state = reply.ok ? await reply.json() : null;
    } catch {
        state = null;
    }
    show();
    setTimeout(refresh, REFRESH_MS);
}

/** @param {Action} action */
async function act(action) {
    if (isBusy) return; // and not disabled, which would take the keyboard's focus away
    isBusy = true;
    show();
    try {
        const reply = await fetch('/api/action', {
            method: 'POST',
            headers: { 'content-type': 'application/json', 'accept-language': language },
            body: JSON.stringify(action),
            signal: AbortSignal.timeout(15000),
        });
        const body = await reply.json();
        if (reply.ok) state = body;
        showFault(reply.ok ? '' : (body.detail ?? body.code), 'action');
    } catch {
        showFault(texts[language].boxDown, 'action');
    }
    isBusy = false;
    show();
}

byId('ask').addEventListener('click', () => act({ action: nextAction() }));
byId('language').addEventListener('click', () => {
    language = language === 'vi' ? 'en' : 'vi';
    localStorage.setItem('language', language);
    showFault('', ''); // of an action: the box said it in the other language
    show();
});
for (const name of /** @type {Language[]} */ (Object.keys(texts.vi.languages))) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.hear = name;
    button.dataset.testid = `hear-${name}`;
    button.addEventListener('click', () => act({ action: 'language', language: name }));
    byId('hear-buttons').append(button);
}
show();
refresh();
