import { useEffect, useRef, type Ref } from 'react';
import { useKeyboard } from '~/keys/KeysProvider';
import { viewerAddress } from './address';

/** The diagnostic viewer on a study. Only this folder knows which viewer it is. */
export function ViewerFrame({
  study,
  beside,
  title,
  className,
  frameRef,
}: {
  study: string;
  /** An earlier study to show next to it. */
  beside: string | null;
  title: string;
  className: string | undefined;
  frameRef: Ref<HTMLIFrameElement>;
}) {
  const { handle } = useKeyboard();
  const frame = useRef<HTMLIFrameElement>(null);

  // Keys pressed in the frame do not reach this page by themselves. Only those with Alt are ours:
  // the others belong to the viewer.
  function listen() {
    const inside = frame.current?.contentWindow;
    inside?.addEventListener(
      'keydown',
      event => {
        if (event.altKey) handle(event);
      },
      { capture: true },
    );
  }

  useEffect(() => {
    if (typeof frameRef === 'object' && frameRef) frameRef.current = frame.current;
  });

  return (
    <iframe
      ref={frame}
      key={`${study} ${beside ?? ''}`}
      src={viewerAddress(study, beside)}
      title={title}
      className={className}
      allow="cross-origin-isolated; fullscreen"
      onLoad={listen}
    />
  );
}
